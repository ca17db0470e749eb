import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.io.JsonEncoder;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Writes and reads topics through Apicurio's Avro serdes.
 *
 * <p>Each line of standard input is a request in JSON, each line of standard output its answer. A
 * request has a topic, the clients' properties, and either "records" to write or the "count" of
 * records to read. Keys and values are records in Avro's JSON encoding, each beside its schema. It
 * names no class of Apicurio's at compile time: the class path says which release runs.
 */
public final class ApicurioSerdes {
    private static final String SERDE = "io.apicurio.registry.serde.avro.AvroKafka";
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] arguments) throws IOException {
        PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err); // whatever a library prints is no answer
        BufferedReader requests =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            ObjectNode answer = JSON.createObjectNode();
            try {
                JsonNode request = JSON.readTree(line);
                if (request.has("records")) {
                    write(request);
                } else {
                    answer.set("records", read(request));
                }
            } catch (Exception failure) {
                StringWriter trace = new StringWriter();
                failure.printStackTrace(new PrintWriter(trace, true));
                answer.put("error", trace.toString());
            }
            answers.println(JSON.writeValueAsString(answer));
        }
    }

    private static void write(JsonNode request) throws Exception {
        Properties properties = properties(request);
        properties.put("key.serializer", SERDE + "Serializer");
        properties.put("value.serializer", SERDE + "Serializer");
        String topic = request.get("topic").asText();
        try (KafkaProducer<Object, Object> producer = new KafkaProducer<>(properties)) {
            for (JsonNode each : request.get("records")) {
                Object key = decoded(each.get("key"));
                producer.send(new ProducerRecord<>(topic, 0, key, decoded(each.get("value")))).get();
            }
        }
    }

    private static ArrayNode read(JsonNode request) throws IOException {
        Properties properties = properties(request);
        properties.put("key.deserializer", SERDE + "Deserializer");
        properties.put("value.deserializer", SERDE + "Deserializer");
        properties.put("auto.offset.reset", "earliest");
        int count = request.get("count").asInt();
        long end = System.nanoTime() + PATIENCE.toNanos();
        ArrayNode found = JSON.createArrayNode();
        try (KafkaConsumer<Object, Object> consumer = new KafkaConsumer<>(properties)) {
            consumer.assign(List.of(new TopicPartition(request.get("topic").asText(), 0)));
            while (found.size() < count) {
                if (System.nanoTime() > end) {
                    throw new IllegalStateException(found.size() + " records came, not " + count);
                }
                for (ConsumerRecord<Object, Object> each : consumer.poll(Duration.ofSeconds(1))) {
                    ObjectNode record = found.addObject();
                    record.set("key", encoded((IndexedRecord) each.key()));
                    record.set("value", encoded((IndexedRecord) each.value()));
                }
            }
        }
        return found;
    }

    private static Properties properties(JsonNode request) {
        Properties properties = new Properties();
        for (Map.Entry<String, JsonNode> each : request.get("properties").properties()) {
            properties.put(each.getKey(), each.getValue().asText());
        }
        return properties;
    }

    private static Object decoded(JsonNode given) throws IOException {
        Schema schema = new Schema.Parser().parse(given.get("schema").toString());
        String data = given.get("data").toString();
        return new GenericDatumReader<>(schema)
                .read(null, DecoderFactory.get().jsonDecoder(schema, data));
    }

    private static ObjectNode encoded(IndexedRecord record) throws IOException {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        JsonEncoder encoder = EncoderFactory.get().jsonEncoder(record.getSchema(), data);
        new GenericDatumWriter<>(record.getSchema()).write(record, encoder);
        encoder.flush();
        ObjectNode found = JSON.createObjectNode();
        found.set("schema", JSON.readTree(record.getSchema().toString()));
        found.set("data", JSON.readTree(data.toByteArray()));
        return found;
    }
}
