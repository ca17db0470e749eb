# kcat: shows Avro by the registry, and writes bytes as they are. So the bytes that it has read are
# written again, with its name, which is as long, in place of the symbol.
set -eu
bootstrap=$1 registry=$2 topic=$3 name=$4
payload=$(mktemp)
trap 'rm -f "$payload"' EXIT
first="-C -q -b $bootstrap -t $topic -o beginning -c 1"
# Values of unions are in Avro's JSON encoding; the harness takes the plain one.
kcat $first -s value=avro -r "$registry" | sed 's/{"string": *\("[^"]*"\)}/\1/'
kcat $first -D '' | sed "s/MSFT/$name/" >"$payload"
kcat -P -b "$bootstrap" -t "$topic" "$payload"
