#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the autograder's image.
set -euo pipefail
kit="${KIT:-/autograder/source/kit}"
# Not below /root: submissions run as other users where the kernel has nothing stronger.
export UV_PYTHON_INSTALL_DIR=/opt/python UV_PROJECT_ENVIRONMENT=/opt/environment UV_LINK_MODE=copy
apt-get update
apt-get install -y python3-venv
python3 -m venv /opt/uv
/opt/uv/bin/pip install uv
# The packages of uv.lock, with a Python of their own.
/opt/uv/bin/uv sync --frozen --no-cache --python 3.11 --project "$kit"
if [ -f "$kit/../secret" ]; then chmod 600 "$kit/../secret"; fi
