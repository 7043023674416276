#!/usr/bin/env bash
# Makes the disk images that tests use: one minimal Debian on ext4, in every format that Ferry reads.
#   make.sh FOLDER
# debian.raw           512 MiB, about 200 MiB of files
# debian.qcow2         plain clusters;        debian.zlib.qcow2, debian.zstd.qcow2   compressed ones
# debian.vmdk          monolithicSparse;      debian.stream.vmdk                     streamOptimized
# debian.vhd           dynamic;               debian.fixed.vhd                       fixed
# changed.raw          debian.raw after a small change in place, as golden images live
# CORPORA_WITHOUT_DEBOOTSTRAP=1 tries the way for machines where debootstrap cannot run.
# contents.txt         what the files in it are: a Debian of debootstrap's, or this machine's own where that cannot run
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=debian.sh
. "$here/debian.sh"
folder=${1:?usage: make.sh FOLDER}
mkdir -p "$folder"
cd "$folder"
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin

for program in qemu-img mke2fs debugfs; do
  command -v "$program" >/dev/null || { echo "SKIP no $program: no images made in $folder"; exit 1; }
done

work=$(mktemp -d "$PWD/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Some 200 MiB of this machine's own programs and pages, for machines where debootstrap cannot run.
own_files() {
  mkdir -p "$work/root/usr"
  local left=$((200 * 1024)) kib part
  for part in /etc/alternatives /usr/bin /usr/sbin /usr/lib/x86_64-linux-gnu /usr/lib/aarch64-linux-gnu /usr/share/doc /usr/share/perl; do
    [[ -d $part ]] || continue
    kib=$(du -sk "$part" | cut -f 1)
    mkdir -p "$work/root$part"
    if ((kib <= left)); then
      cp -a "$part/." "$work/root$part/" 2>/dev/null || true # files that this user may not read stay out
      left=$((left - kib))
    else # as many files as fit, the smaller first
      find "$part" -xdev -type f -readable -printf '%k %p\n' | sort -n |
        while read -r kib file; do ((left -= kib, left > 0)) || break; printf '%s\n' "$file"; done |
        tr '\n' '\0' | xargs -0 -r cp -a --parents -t "$work/root" 2>/dev/null || true
      left=0
    fi
  done
}

if [[ ${CORPORA_WITHOUT_DEBOOTSTRAP:-} == '' ]] && bootstrap "$work/root" "$work/debootstrap.log"; then
  rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/dev/*
  echo "a Debian $(apt_suite) made by debootstrap, on ext4" >"$work/contents.txt"
else
  echo "SKIP debootstrap cannot run here: the images hold this machine's own /usr instead"
  tail -n 3 "$work/debootstrap.log" 2>/dev/null || true
  rm -rf "$work/root"
  own_files
  echo "files of this machine's own /usr, on ext4 (debootstrap could not run)" >"$work/contents.txt"
fi

ext4 debian.raw 512M "$work/root"
cp --sparse=always debian.raw changed.raw
head -c 3000000 /dev/zero | tr '\0' 'f' >"$work/added"
debugfs -w -R "write $work/added added" changed.raw 2>/dev/null
debugfs -w -R "rm /etc/hostname" changed.raw 2>/dev/null || true

convert() { rm -f "${*: -1}"; qemu-img convert -f raw "$@"; }
convert -O qcow2 debian.raw debian.qcow2
convert -c -O qcow2 -o compression_type=zlib debian.raw debian.zlib.qcow2
convert -c -O qcow2 -o compression_type=zstd debian.raw debian.zstd.qcow2
convert -O vmdk -o subformat=monolithicSparse debian.raw debian.vmdk
convert -O vmdk -o subformat=streamOptimized debian.raw debian.stream.vmdk
convert -O vpc -o subformat=dynamic,force_size=on debian.raw debian.vhd
convert -O vpc -o subformat=fixed,force_size=on debian.raw debian.fixed.vhd
mv "$work/contents.txt" contents.txt
