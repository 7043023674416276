#!/usr/bin/env bash
# Makes the disk images that figures are told for, 2 GiB each, about 5 GiB of disk in all:
#   make-bench.sh FOLDER
# v1.raw    a Debian with a kernel and an ssh server
# v2.raw    the same disk after updates and new packages, changed in place: how golden images usually live
# v2r.raw   v2's files on a fresh file system: how a pipeline that builds from nothing makes them
# Needs root, loop devices, debootstrap. Packages move on, so compare figures only within one run.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=debian.sh
. "$here/debian.sh"
folder=${1:?usage: make-bench.sh FOLDER}
mkdir -p "$folder"
cd "$folder"
export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=$PATH:/usr/sbin:/sbin
[[ $(id -u) == 0 ]] || { echo "make-bench.sh needs root, to mount what it changes"; exit 1; }

work=$(mktemp -d "$PWD/work.XXXXXX")
# shellcheck source=mounts.sh
. "$here/mounts.sh"

echo "v1: debootstrap"
bootstrap "$work/root" make.log systemd-sysv,linux-image-cloud-amd64,openssh-server,ca-certificates,curl,iproute2,sudo,less,vim-tiny ||
  { tail -n 5 make.log; echo "debootstrap cannot run here"; exit 1; }
ext4 v1.raw 2G "$work/root"
rm -rf "$work/root"

echo "v2: updates and new packages"
cp --sparse=always v1.raw v2.raw
within v2.raw '
  apt-get update || true # third-party sources of the host may not answer; the install decides
  apt-get -y upgrade
  apt-get install -y --no-install-recommends nginx python3 python3-requests
  for i in $(seq 20000); do echo "$i 10.0.0.$((i % 255)) GET /index.html 200"; done >/var/log/nginx/access.log
  useradd -m app
  echo hello >/home/app/x' >>make.log 2>&1 || { tail -n 20 make.log; exit 1; }

echo "v2r: the same files, a fresh file system"
mkdir -p "$work/mnt" "$work/rebuilt"
enter -o loop,ro v2.raw "$work/mnt"
cp -a "$work/mnt/." "$work/rebuilt/"
leave
ext4 v2r.raw 2G "$work/rebuilt"
echo "v1, v2 and v2r, Debian $(apt_suite) on ext4 of 2 GiB" >contents.txt
