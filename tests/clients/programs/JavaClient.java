// Apache Kafka's own client for Java: a consumer in a group, then a transactional producer.

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class JavaClient {
    static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] arguments) throws Exception {
        String bootstrap = arguments[0], registry = arguments[1], topic = arguments[2], name = arguments[3];

        ByteBuffer payload = ByteBuffer.wrap(read(bootstrap, topic, name));
        if (payload.get() != 0) throw new IllegalStateException("not framed");
        int id = payload.getInt();
        Schema schema = new Schema.Parser().parse(get(registry + "/schemas/ids/" + id).get("schema").asText());
        byte[] body = Arrays.copyOfRange(payload.array(), 5, payload.array().length);
        GenericRecord record = new GenericDatumReader<GenericRecord>(schema)
            .read(null, DecoderFactory.get().binaryDecoder(body, null));
        System.out.println(record);

        GenericRecord answer = new GenericData.Record((GenericData.Record) record, true);
        answer.put("symbol", name);
        write(bootstrap, topic, name, frame(get(registry + "/subjects/" + topic + "-value/versions/latest"), answer));
    }

    static byte[] read(String bootstrap, String topic, String name) {
        Map<String, Object> config = Map.of(
            "bootstrap.servers", bootstrap, "group.id", name, "auto.offset.reset", "earliest");
        try (var consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(topic));
            while (true) {
                for (var message : consumer.poll(Duration.ofSeconds(1))) {
                    consumer.commitSync();
                    return message.value();
                }
            }
        }
    }

    static void write(String bootstrap, String topic, String name, byte[] payload) throws Exception {
        Map<String, Object> config = Map.of("bootstrap.servers", bootstrap, "transactional.id", name);
        try (var producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(topic, payload)).get();
            producer.commitTransaction();
        }
    }

    static byte[] frame(JsonNode version, GenericRecord record) throws Exception {
        Schema schema = new Schema.Parser().parse(version.get("schema").asText());
        ByteArrayOutputStream buffer = new ByteArrayOutputStream();
        buffer.write(ByteBuffer.allocate(5).put((byte) 0).putInt(version.get("id").asInt()).array());
        BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(buffer, null);
        new GenericDatumWriter<GenericRecord>(schema).write(record, encoder);
        encoder.flush();
        return buffer.toByteArray();
    }

    static JsonNode get(String url) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url)).build();
        var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) throw new IllegalStateException(url + ": " + answer.body());
        return JSON.readTree(answer.body());
    }
}
