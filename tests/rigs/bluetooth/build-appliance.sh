#!/bin/sh
# Builds the Bluetooth appliance: a Debian kernel and a small RAM disk with dbus-daemon and bluetoothd, nothing else.
# Fetching the kernel's package and starting the machine is the task's business (`cargo xtask appliance`).
#
#   build-appliance.sh inputs            the files of this system that go into the RAM disk, with their hashes
#   build-appliance.sh build OUT KERNEL  makes vmlinuz and initrd.gz in the folder OUT, which exists
#
# KERNEL     a package file of Debian's general kernel; it is unpacked, never installed
#
# Wants, of Debian: busybox-static kmod cpio bluez dbus. Needs no superuser.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# depmod and modprobe lie where an ordinary user does not look.
PATH=$PATH:/usr/sbin:/sbin

bluetoothd=/usr/libexec/bluetooth/bluetoothd
busybox=$(command -v busybox) || { echo "there is no busybox" >&2; exit 1; }
dbus_daemon=$(command -v dbus-daemon) || { echo "there is no dbus-daemon" >&2; exit 1; }
btattach=$(command -v btattach) || { echo "there is no btattach" >&2; exit 1; }

libraries_of() {
    ldd "$1" | awk '$3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }'
}

case "${1:-}" in
    inputs)
        {
            echo "$busybox"
            for program in "$bluetoothd" "$dbus_daemon" "$btattach"; do
                echo "$program"
                libraries_of "$program"
            done
        } | sort -u | xargs sha256sum
        exit
        ;;
    build) ;;
    *)
        echo "usage: build-appliance.sh inputs | build OUT KERNEL" >&2
        exit 2
        ;;
esac

out=$(cd "$2" && pwd)
deb=$3
package=$(dpkg-deb --field "$deb" Package)
version=${package#linux-image-}

work=$(mktemp -d "$out/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/kernel" "$work/disk"
modules='./lib/modules/*/kernel'
dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work/kernel" --wildcards './boot/vmlinuz-*' './lib/modules/*/modules.*' \
    "$modules/net/bluetooth/*" "$modules/drivers/bluetooth/*" "$modules/net/rfkill/*" "$modules/drivers/virtio/*" \
    "$modules/lib/*" "$modules/crypto/*" "$modules/drivers/char/virtio_console.ko*" \
    "$modules/drivers/net/virtio_net.ko*" "$modules/drivers/net/net_failover.ko*" "$modules/net/core/failover.ko*"
# It complains of modules that were left out.
depmod -b "$work/kernel" "$version" 2>/dev/null

cd "$work/disk"
mkdir -p bin mod proc sys dev run/dbus var/lib/bluetooth etc/bluetooth usr/libexec/bluetooth

# hci_uart: the controller on a virtio console. af_alg and algif: bluetoothd's own cryptography. The rest: pairing;
# without drbg and sha512 the kernel has no elliptic curves and the adapter never comes up properly.
: > mod/order
for module in virtio_pci virtio_console virtio_net sha512_generic drbg af_alg algif_hash algif_skcipher ecb cmac \
    hci_uart; do
    modprobe -d "$work/kernel" -S "$version" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
    cp "$file" mod/
    basename "$file" >> mod/order
done
grep -q hci_uart mod/order || { echo "$package has no hci_uart module" >&2; exit 1; }

# A program of this system with the libraries it is linked to.
put() {
    mkdir -p ".$2"
    cp "$1" ".$2/"
    libraries_of "$1" | while read -r library; do
        mkdir -p ".$(dirname "$library")"
        [ -e ".$library" ] || cp -L "$library" ".$library"
    done
}
cp "$busybox" bin/busybox
put "$bluetoothd" /usr/libexec/bluetooth
put "$dbus_daemon" /usr/bin
put "$btattach" /usr/bin
printf 'root:x:0:0:root:/:/bin/sh\n' > etc/passwd
printf 'root:x:0:\n' > etc/group
: > etc/nsswitch.conf
cp "$here/guest/main.conf" etc/bluetooth/main.conf
cp "$here/guest/dbus.conf" etc/dbus.conf
cp "$here/guest/init" init
chmod 0755 init

find . | cpio --quiet -o -H newc | gzip -1 > "$work/initrd.gz"
mv "$work/kernel/boot/vmlinuz-$version" "$out/vmlinuz"
mv "$work/initrd.gz" "$out/initrd.gz"
