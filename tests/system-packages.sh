#!/bin/sh
# Installs what the tests need of Debian and the machine does not have: a broker, a browser, a foreign
# reader of Modbus, what signs certificates, and what runs foreign peers from npm.
set -eu
missing=
command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || missing="$missing mosquitto"
command -v chromium >/dev/null || missing="$missing chromium"
command -v mbpoll >/dev/null || missing="$missing mbpoll"
command -v openssl >/dev/null || missing="$missing openssl"
command -v npm >/dev/null || missing="$missing nodejs npm"
[ -n "$missing" ] || exit 0
echo "Installing of Debian:$missing"
if [ "$(id -u)" = 0 ]; then
    root=
elif command -v sudo >/dev/null; then
    root=sudo
else
    echo "cannot become root here. try, as root: apt-get install$missing" >&2
    exit 1
fi
$root apt-get update -qq
# shellcheck disable=SC2086  # words are meant to be split
DEBIAN_FRONTEND=noninteractive $root apt-get install -qq -y --no-install-recommends $missing >/dev/null
