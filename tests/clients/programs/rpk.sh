# rpk: reads and writes JSON by the registry.
set -eu
bootstrap=$1 registry=$2 topic=$3 name=$4
to="-X brokers=$bootstrap -X registry.hosts=${registry#http://}"
record=$(rpk topic consume "$topic" $to --num 1 --use-schema-registry=value --format '%v')
echo "$record"
echo "$record" | sed "s/MSFT/$name/" | rpk topic produce "$topic" $to --schema-id=topic
