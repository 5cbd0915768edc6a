#!/bin/sh
# Installs, runs, upgrades, removes and purges the package in a fresh Debian root: test.sh FOLDER (as root)
# FOLDER keeps the root's packages, so that a second run needs no network.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
keep=$(mkdir -p "$1" && cd "$1" && pwd)
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
[ "$(id -u)" = 0 ] || { echo "try: sudo make package-test" >&2; exit 1; }
command -v debootstrap >/dev/null || { apt-get update -qq; apt-get install -qq -y debootstrap >/dev/null; }

first=$(sh "$here/deploy/package/build.sh" "$keep" 1)
second=$(sh "$here/deploy/package/build.sh" "$keep" 2)
echo "built    $(basename "$first"), $(($(stat -c %s "$first") / 1000)) kB"

base=$keep/base-$suite.tar
if [ ! -e "$base" ]; then
    debootstrap --variant=minbase --include=python3,adduser "$suite" "$keep/making" >"$keep/debootstrap.log"
    tar -C "$keep/making" -cf "$base.new" . && mv "$base.new" "$base"
    rm -rf "$keep/making"
fi
root=$(mktemp -d)
controller=
cleanup() {
    [ -z "$controller" ] || kill "$controller" 2>/dev/null || true
    umount "$root/proc" 2>/dev/null || true
    rm -rf "$root"
}
trap cleanup EXIT
chmod 755 "$root"
tar -C "$root" -xf "$base"
mount -t proc proc "$root/proc" 2>/dev/null || true
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"; }
files() { (cd "$root" && find . -xdev -path ./proc -prune -o -path ./tmp -prune -o -path './var/log*' -prune \
    -o -path './var/lib/dpkg*' -prune -o -path './var/cache*' -prune -o -print | sort); }
expect() { grep -q "$2" "$1" || { echo "no '$2' in:"; cat "$1"; exit 1; } }

files >"$keep/before"

cp "$first" "$root/tmp/first.deb"
inside dpkg -i /tmp/first.deb >"$keep/install.log" 2>&1
inside ampyard --version
inside id ampyard
[ "$(stat -c '%a %U' "$root/etc/ampyard/secrets")" = "700 root" ]

# A site of the examples, without the parts that another machine must answer
printf '[grid]\nrating_a = 63\nbuilding_max_a = 40\n[charger."bay-1..bay-3"]\nmax_a = 16\n[ocpp]\nport = 18887\n[web]\nport = 18888\n' \
    >"$root/etc/ampyard/site.toml"
inside ampyard check /etc/ampyard/site.toml >"$keep/check.log"
expect "$keep/check.log" "0 faults"
lives() { # as its own user, with the state folder of the package
    chroot --userspec=ampyard:ampyard "$root" /usr/bin/env -i PATH=/usr/bin:/bin HOME=/var/lib/ampyard \
        STATE_DIRECTORY=/var/lib/ampyard AMPYARD_SOCKET=/var/lib/ampyard/box.sock \
        /opt/ampyard/bin/ampyard run --service /etc/ampyard/site.toml >"$keep/run.log" 2>&1 &
    controller=$!
    tries=0
    until inside env AMPYARD_SOCKET=/var/lib/ampyard/box.sock ampyard status >"$keep/status.log" 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 60 ] || { cat "$keep/run.log" "$keep/status.log"; exit 1; }
        sleep 0.5
    done
    expect "$keep/status.log" "bay-3"
    inside env AMPYARD_SOCKET=/var/lib/ampyard/box.sock ampyard doctor --state /var/lib/ampyard >"$keep/doctor.log" || true
    expect "$keep/doctor.log" "ok-checks hidden"
    inside env AMPYARD_SOCKET=/var/lib/ampyard/box.sock ampyard backup /tmp/box.tar.gz >/dev/null
    kill "$controller"
    wait "$controller" || { cat "$keep/run.log"; exit 1; }
    controller=
}
lives
[ -s "$root/var/lib/ampyard/journal.db" ]
echo "installed, ran as its own user, was backed up"

cp "$second" "$root/tmp/second.deb"
inside dpkg -i /tmp/second.deb >"$keep/upgrade.log" 2>&1
[ -s "$root/var/lib/ampyard/journal.db" ] && [ -s "$root/etc/ampyard/site.toml" ]
lives
echo "upgraded, ran on with its journal"

inside dpkg -r ampyard >"$keep/remove.log" 2>&1
[ ! -e "$root/opt/ampyard" ] || { find "$root/opt/ampyard" | head; exit 1; }
[ -s "$root/var/lib/ampyard/journal.db" ] && [ -s "$root/etc/ampyard/site.toml" ]
echo "removed, site and journal stayed"

inside dpkg -P ampyard >"$keep/purge.log" 2>&1
files >"$keep/after"
left=$(diff "$keep/before" "$keep/after" | grep '^[<>]' | grep -v -e '/__pycache__' -e '-$' -e ' ./opt$' -e ' ./run/' || true)
[ -z "$left" ] || { echo "left behind:"; echo "$left"; exit 1; }
! grep -q ampyard "$root/etc/passwd"
echo "purged, nothing left behind"
if grep -qi -e warning -e error "$keep"/install.log "$keep"/upgrade.log "$keep"/remove.log "$keep"/purge.log; then
    cat "$keep"/*.log
    exit 1
fi
