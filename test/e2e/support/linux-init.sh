#!/bin/busybox sh
# The whole user space of the Linux guest of the end-to-end tests (linux-guest.ts builds it into an initramfs). It fills
# 16 MiB of a tmpfs with random bytes, then proves once a second that memory, disk and network are what they were:
#   tick 7 up 9.31 disk ok label 'clone 3' ping ok hash <md5 of the 16 MiB>
# and says "guest ready hash <md5>" after the first tick, and once, when a disk is plugged in, "guest sees disk label '…'". Without guest_virtio=1 on the kernel's command line, disk, label
# and ping are "-".
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs -o size=32m tmpfs /mem
# The kernel's own lines would fall into ours.
dmesg -n 1
exec </dev/null >/dev/ttyS0 2>&1

disk=- label=- ping=- plugged=
if [ "$guest_virtio" = 1 ]; then
  while read -r module; do insmod "/modules/$module" || echo "guest cannot load $module"; done </modules/order
  if [ -e /sys/class/net/eth0 ]; then
    ifconfig eth0 10.0.2.15 netmask 255.255.255.0 up
    ping=lost
  fi
  [ -b /dev/vda ] && disk=bad
fi

[ "$guest_fw_cfg" = 1 ] && { insmod /modules/qemu_fw_cfg.ko || echo "guest cannot load qemu_fw_cfg"; }

# A record of 511 bytes and a newline, so that it fills a sector.
record() { printf '%-511s\n' "$1"; }
# Through the device, not from the page cache.
sector() {
  blockdev --flushbufs /dev/vda
  dd if=/dev/vda bs=512 skip="$1" count=1 2>/dev/null
}
store() {
  record "$2" | dd of=/dev/vda bs=512 seek="$1" conv=notrunc,fsync 2>/dev/null
}

# Sector 0: a label that is written from outside. 1: the memory's hash, written once. 8 to 71: what the latest ticks wrote.
look_at_disk() {
  label=$(sector 0)
  label=$(echo ${label%%;*})
  at=$((8 + n % 64))
  store $at "tick $n $hash"
  disk=bad
  [ "$(sector $at)" = "$(record "tick $n $hash")" ] && [ "$(sector 1)" = "$(record "$born")" ] && disk=ok
}

head -c 16777216 /dev/urandom >/mem/random
born=$(md5sum </mem/random)
[ $disk = - ] || store 1 "$born"
echo "guest memory hash $born" >/dev/kmsg

n=0
while :; do
  n=$((n + 1))
  hash=$(md5sum </mem/random)
  # Memory that is written anew all the time.
  head -c 262144 /dev/urandom >/mem/scratch
  [ $disk = - ] || look_at_disk
  [ $ping = - ] || { ping -c 1 -W 3 10.0.2.2 >/dev/null && ping=ok || ping=lost; }
  read -r up rest </proc/uptime
  echo "tick $n up $up disk $disk label '$label' ping $ping hash ${hash%% *}"
  [ -b /dev/vdb ] && [ "$plugged" = "" ] && {
    plugged=$(dd if=/dev/vdb bs=512 count=1 2>/dev/null)
    echo "guest sees disk label '${plugged%%;*}'"
  }
  [ $n = 1 ] && echo "guest ready hash ${born%% *}"
  sleep 1
done
