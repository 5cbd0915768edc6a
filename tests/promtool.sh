#!/bin/sh
# Takes promtool out of Debian's package of Prometheus, without its service: promtool.sh FOLDER
set -eu
command -v promtool >/dev/null && exit 0
[ -x "$1/promtool" ] && exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
(cd "$work" && { apt-get download -qq prometheus >/dev/null 2>&1 || { apt-get update -qq && apt-get download -qq prometheus >/dev/null; }; })
dpkg-deb --fsys-tarfile "$work"/prometheus_*.deb | tar -x -C "$work" ./usr/bin/promtool
cp "$work/usr/bin/promtool" "$1/promtool"
