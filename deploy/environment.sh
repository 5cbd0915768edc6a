#!/bin/sh
# Makes a virtual environment: environment.sh PYTHON FOLDER
# Debian leaves the means to do so out of its python3; they are installed when that is possible.
set -eu
python=$1
folder=$2

if ! command -v "$python" >/dev/null; then
    echo "$python is missing. try: sudo apt-get install python3" >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "Python 3.11 or later is needed, $python is $("$python" -V). try: make PYTHON=python3.11" >&2
    exit 1
fi
if "$python" -m venv "$folder" 2>/dev/null; then
    exit 0
fi
rm -rf "$folder"
echo "Debian's python3-venv is missing; installing it."
if [ "$(id -u)" = 0 ]; then
    root=
elif command -v sudo >/dev/null; then
    root=sudo
else
    echo "cannot become root here. try, as root: apt-get install python3-venv" >&2
    exit 1
fi
$root apt-get update -qq
$root apt-get install -qq -y python3-venv >/dev/null
"$python" -m venv "$folder"
