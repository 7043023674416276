# Sourced by the scripts that change an image from inside. Needs root and loop devices; `work` is their folder for what goes.

mounts=()
# Unmounts everything. What is still busy after five seconds goes as soon as it can, and the image is not to be used: it would
# change while it is read.
leave() {
  local i try busy=0
  for ((i = ${#mounts[@]} - 1; i >= 0; i--)); do
    for ((try = 0; try < 20; try++)); do umount "${mounts[i]}" && continue 2; sleep 0.25; done
    umount -l "${mounts[i]}" || true
    busy=1
  done
  mounts=()
  sync
  return $busy
}
trap 'leave || echo "something in the image was still running"; rm -rf "$work"' EXIT
enter() { mount "${@:1:$#-1}" "${*: -1}"; mounts+=("${*: -1}"); }

# within IMAGE SCRIPT: runs the script inside the image's system.
within() {
  local top=$work/mnt
  mkdir -p "$top"
  enter -o loop "$1" "$top"
  enter -t proc proc "$top/proc"
  enter --bind /dev "$top/dev"
  cp -L /etc/resolv.conf /etc/hosts "$top/etc/"
  cp -r /etc/apt/sources.list* "$top/etc/apt/" 2>/dev/null || true
  cp -r /etc/apt/apt.conf.d/*proxy* "$top/etc/apt/apt.conf.d/" 2>/dev/null || true
  mkdir -p "$top/usr/share/keyrings" "$top/etc/ssl/certs"
  cp -rL /usr/share/keyrings/. "$top/usr/share/keyrings/"
  cp -L /etc/ssl/certs/ca-certificates.crt "$top/etc/ssl/certs/" 2>/dev/null || true
  printf '#!/bin/sh\nexit 101\n' >"$top/usr/sbin/policy-rc.d" # no service starts in here
  chmod +x "$top/usr/sbin/policy-rc.d"
  chroot "$top" /bin/bash -euc "export PATH=/usr/sbin:/usr/bin:/sbin:/bin; $2"
  leave
}
