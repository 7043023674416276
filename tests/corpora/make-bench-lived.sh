#!/usr/bin/env bash
# Makes the disk images that lived, out of v1.raw that make-bench.sh left in the same folder; about 9 GiB of disk in all:
#   make-bench-lived.sh FOLDER
# v3.raw    2 GiB: v1 in another role, a database server with a filled database
# d1.raw    4 GiB: v3 with a database of some 900 MB that was worked in
# d2.raw    the same disk later: more work in the database, one table rewritten, a vacuum, updates, another program
# b1.raw    10 GiB, about 5 GB held: d2 after it grew (compilers, a larger database)
# Needs root, loop devices, resize2fs. Packages and databases move on, so compare figures only within one run.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${1:?usage: make-bench-lived.sh FOLDER}
cd "$folder"
export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=$PATH:/usr/sbin:/sbin
[[ $(id -u) == 0 ]] || { echo "make-bench-lived.sh needs root, to mount what it changes"; exit 1; }
[[ -f v1.raw ]] || { echo "make-bench-lived.sh needs v1.raw, which make-bench.sh makes"; exit 1; }
work=$(mktemp -d "$PWD/work.XXXXXX")
# shellcheck source=mounts.sh
. "$here/mounts.sh"

# database IMAGE SCRIPT: the script as the user postgres while the database runs.
database() {
  within "$1" "
    cd /; V=\$(ls /usr/lib/postgresql | sort -n | tail -n 1)
    cat >/tmp/work.sh <<'END'
set -eu
V=\$(ls /usr/lib/postgresql | sort -n | tail -n 1)
B=/usr/lib/postgresql/\$V/bin D=/var/lib/postgresql/\$V/main C=/etc/postgresql/\$V/main/postgresql.conf
PATH=\$B:\$PATH
# Whatever fails, no server stays behind in an image that others read.
trap 'pg_ctl -D \$D -m immediate -w stop >/dev/null 2>&1 || true' EXIT
mkdir -p /run/postgresql
pg_ctl -D \$D -o \"-c config_file=\$C -c fsync=off -c max_wal_size=256MB -c listen_addresses= -c dynamic_shared_memory_type=mmap\" -l /tmp/server.log -w start
$2
pg_ctl -D \$D -m fast -w stop
END
    mkdir -p /run/postgresql; chown postgres /run/postgresql
    su postgres -c 'bash /tmp/work.sh'
    rm -f /tmp/work.sh /tmp/server.log"
}

# grown FROM TO SIZE: a copy of the image on a larger disk.
grown() {
  cp --sparse=always "$1" "$2"
  truncate -s "$3" "$2"
  e2fsck -fy "$2" >/dev/null || [[ $? -le 1 ]]
  resize2fs "$2"
}

make() {
  echo "v3: a database server"
  cp --sparse=always v1.raw v3.raw
  within v3.raw '
    apt-get update || true # third-party sources of the host may not answer; the install decides
    apt-get install -y --no-install-recommends postgresql'
  database v3.raw 'createdb b; pgbench -q -i -s 10 b'

  echo "d1: a database that was worked in"
  grown v3.raw d1.raw 4G
  database d1.raw 'createdb shop; pgbench -q -i -s 50 shop; pgbench -n -c 4 -t 20000 --random-seed=1 shop
    psql -q shop -c "create table notes as select i as id, md5(i::text) || md5((i * 7)::text) as body, now() as at from generate_series(1, 1500000) i"
    psql -q shop -c "create index on notes (body)"'

  echo "d2: the same later"
  cp --sparse=always d1.raw d2.raw
  within d2.raw 'apt-get update || true; apt-get -y upgrade; apt-get install -y --no-install-recommends nginx python3
    for i in $(seq 20000); do echo "$i 10.0.0.$((i % 255)) GET /index.html 200"; done >/var/log/nginx/access.log'
  database d2.raw 'pgbench -n -c 4 -t 30000 --random-seed=2 shop
    psql -q shop -c "update notes set body = md5(body) where id % 20 = 0"
    psql -q shop -c "delete from notes where id between 200000 and 300000"
    vacuumdb -q shop'

  echo "b1: the same, grown"
  grown d2.raw b1.raw 10G
  within b1.raw 'apt-get update || true
    apt-get install -y --no-install-recommends g++ clang golang-go default-jdk-headless nodejs git'
  database b1.raw 'createdb stock; pgbench -q -i -s 60 stock; pgbench -n -c 4 -t 5000 --random-seed=3 stock'
}

# Not behind `||`, where bash would go on after what fails.
set +e
(set -e; trap leave EXIT; make) >make-lived.log 2>&1
made=$?
set -e
((made == 0)) || { tail -n 20 make-lived.log; exit 1; }
echo "v3, d1, d2 and b1, out of v1" >contents-lived.txt
