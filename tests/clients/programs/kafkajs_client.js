// kafkajs with its registry client: a consumer in a group, then a producer.

const { Kafka, logLevel } = require("kafkajs");
const { SchemaRegistry } = require("@kafkajs/confluent-schema-registry");

const [bootstrap, url, topic, name] = process.argv.slice(2);
const kafka = new Kafka({ clientId: name, brokers: [bootstrap], logLevel: logLevel.ERROR });
const registry = new SchemaRegistry({ host: url });

async function read() {
  const consumer = kafka.consumer({ groupId: name });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const payload = await new Promise((resolve, reject) => {
    consumer.run({ eachMessage: async ({ message }) => resolve(message.value) }).catch(reject);
  });
  await consumer.disconnect();
  return payload;
}

async function main() {
  const record = await registry.decode(await read());
  console.log(JSON.stringify(record));
  const id = await registry.getLatestSchemaId(`${topic}-value`);
  const answer = { ...record, symbol: name };
  const producer = kafka.producer({ idempotent: true });
  await producer.connect();
  await producer.send({ topic, messages: [{ value: await registry.encode(id, answer) }] });
  await producer.disconnect();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
