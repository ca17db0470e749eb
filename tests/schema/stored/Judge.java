import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.apache.avro.NameValidator;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.io.DecoderFactory;

/** What Apache Avro makes of stored schemas: a case a line in, a verdict a line out. */
public class Judge {
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] arguments) throws Exception {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line; (line = in.readLine()) != null; ) {
      out.println(JSON.writeValueAsString(verdict(JSON.readTree(line))));
    }
  }

  private static ObjectNode verdict(JsonNode stored) {
    var verdict = JSON.createObjectNode();
    try {
      // The options that it has for schemas of old.
      var parser = new Schema.Parser(NameValidator.NO_VALIDATION).setValidateDefaults(false);
      for (var reference : stored.get("references")) {
        parser.parse(reference.asText());
      }
      var schema = parser.parse(stored.get("text").asText());
      verdict.put("canonical", SchemaNormalization.toParsingForm(schema));
      var data = HexFormat.of().parseHex(stored.get("data").asText());
      var reader = new GenericDatumReader<Object>(schema);
      var value = reader.read(null, DecoderFactory.get().binaryDecoder(data, null));
      verdict.put("value", GenericData.get().toString(value));
    } catch (Exception error) {
      verdict.put("error", String.valueOf(error.getMessage()).lines().findFirst().orElse(""));
    }
    return verdict;
  }
}
