#!/bin/sh
# Builds ampyard_VERSION_ARCH.deb with an environment of its own inside: build.sh FOLDER [REVISION]
# For the Debian, and the processor, that it is built on: its Python is the one that the package will use.
# PIP: which pip fills the environment (22.3 or later).
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
out=$(mkdir -p "$1" && cd "$1" && pwd)
python=/usr/bin/python3
pip=${PIP:-$here/.venv/bin/pip}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/pyproject.toml")-${2:-1}
arch=$(dpkg --print-architecture)
minor=$("$python" -c 'import sys; print(sys.version_info[1])')

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
root=$work/root
mkdir -p "$root/DEBIAN" "$root/opt" "$root/usr/bin" "$root/lib/systemd/system" "$root/lib/udev/rules.d" \
    "$root/usr/share/doc/ampyard"

# The environment; what it was built with does not show
"$python" -m venv --without-pip "$root/opt/ampyard"
extras=
[ "$arch" != arm64 ] || extras='[gpio]'
"$pip" --python "$root/opt/ampyard/bin/python" install --quiet --no-compile --no-warn-script-location \
    "$here$extras"
for script in "$root"/opt/ampyard/bin/*; do
    [ -L "$script" ] || sed -i "1s|^#!.*python.*|#!/opt/ampyard/bin/python|" "$script"
done
rm -f "$root"/opt/ampyard/bin/activate* "$root"/opt/ampyard/bin/Activate.ps1
sed -i '/^command = /d' "$root/opt/ampyard/pyvenv.cfg"
find "$root/opt/ampyard" -name direct_url.json -delete
sed -i '/direct_url\.json/d' "$root"/opt/ampyard/lib/python3."$minor"/site-packages/ampyard-*.dist-info/RECORD
ln -s /opt/ampyard/bin/ampyard "$root/usr/bin/ampyard"

# What Debian keeps beside it
cp "$here/deploy/systemd/ampyard.service" "$root/lib/systemd/system/"
cp "$here/deploy/package/60-ampyard.rules" "$root/lib/udev/rules.d/"
cp "$here/LICENSE" "$root/usr/share/doc/ampyard/copyright"
gzip -9n <"$here/CHANGELOG.md" >"$root/usr/share/doc/ampyard/changelog.gz"
cp "$here/deploy/systemd/pins.conf" "$root/usr/share/doc/ampyard/"
cp -r "$here/deploy/examples" "$here/deploy/prometheus" "$here/deploy/grafana" "$root/usr/share/doc/ampyard/"
cp "$here"/deploy/*.md "$root/usr/share/doc/ampyard/"
for script in postinst prerm postrm; do
    install -m 755 "$here/deploy/package/$script" "$root/DEBIAN/$script"
done
size=$(du -sk --exclude=DEBIAN "$root" | cut -f1)
cat >"$root/DEBIAN/control" <<CONTROL
Package: ampyard
Version: $version
Architecture: $arch
Maintainer: Ampyard <maintainers@ampyard.invalid>
Depends: python3 (>= 3.$minor), python3 (<< 3.$((minor + 1))), adduser
Recommends: systemd-timesyncd | time-daemon
Section: net
Priority: optional
Installed-Size: $size
Description: controller of a parking lot full of AC chargers
 Shares out what a building leaves, phase by phase, so that no fuse trips; keeps every transaction
 through power cuts and dead networks; shows each charger to a cloud as if it were connected there.
CONTROL
find "$root" -type d -exec chmod 755 {} +
dpkg-deb --build --root-owner-group -Zxz "$root" "$out" >/dev/null
echo "$out/ampyard_${version}_$arch.deb"
