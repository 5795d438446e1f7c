// zerorpc's events over a socket of JeroMQ's with an identity of its own. A client's side of scripts/interop: a wire and an
// address as arguments, then a call and an answer a line; see ../src/bin/interop/ask.rs, and tagged.rs for the values.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.IOException;
import java.io.PrintStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;
import java.util.UUID;
import org.msgpack.core.MessageBufferPacker;
import org.msgpack.core.MessagePack;
import org.msgpack.core.MessagePacker;
import org.msgpack.core.MessageUnpacker;
import org.msgpack.value.Value;
import org.zeromq.SocketType;
import org.zeromq.ZContext;
import org.zeromq.ZMQ;

public class Zerorpc {
  static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  static final ObjectMapper MAPPER = new ObjectMapper();

  /** The library has no way to make this call. */
  static class Cannot extends Exception {
    Cannot(String why) {
      super(why);
    }
  }

  /** The server answered with an error. */
  static class Failed extends Exception {
    final String name;

    Failed(Value arguments) {
      super(text(arguments.asArrayValue().get(1)));
      name = text(arguments.asArrayValue().get(0));
    }
  }

  record Event(String name, Value arguments) {}

  public static void main(String[] arguments) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    try (ZContext context = new ZContext()) {
      // One socket for all calls: JeroMQ 0.6.0 sometimes connects a second one and never sends its greeting.
      Connection connection = new Connection(context, arguments[1]);
      out.println("READY");
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        JsonNode call = MAPPER.readTree(line);
        ObjectNode answer = JSON.objectNode();
        answer.set("id", call.get("id"));
        try {
          connection.call(call, answer);
        } catch (Cannot why) {
          answer.put("cannot", why.getMessage());
        } catch (Failed failed) {
          answer.putObject("error").put("text", failed.getMessage()).put("name", failed.name);
        }
        out.println(MAPPER.writeValueAsString(answer));
      }
    }
  }

  static class Connection {
    final ZMQ.Socket socket;

    Connection(ZContext context, String address) {
      socket = context.createSocket(SocketType.DEALER);
      socket.setIdentity(("java " + UUID.randomUUID()).getBytes(StandardCharsets.UTF_8));
      socket.setLinger(0);
      socket.setReceiveTimeOut(60_000);
      socket.connect("tcp://" + address);
    }

    void call(JsonNode call, ObjectNode answer) throws Exception {
      String channel = id();
      send(channel, null, call.get("method").asText(), call.get("arguments"));
      Event event = receive(channel);
      if (event.name().equals("OK")) {
        answer.set("value", tagged(event.arguments().asArrayValue().get(0)));
        return;
      }
      ArrayNode items = answer.putArray("items");
      int most = call.path("take").asInt(Integer.MAX_VALUE);
      while (!event.name().equals("STREAM_DONE")) {
        items.add(tagged(event.arguments()));
        if (items.size() == most) return;
        send(id(), channel, "_zpc_more", JSON.arrayNode().add(integer(BigInteger.ONE)));
        event = receive(channel);
      }
    }

    void send(String id, String channel, String name, JsonNode arguments) throws Exception {
      MessageBufferPacker packer = MessagePack.newDefaultBufferPacker();
      packer.packArrayHeader(3).packMapHeader(channel == null ? 2 : 3);
      packer.packString("message_id").packString(id).packString("v").packInt(3);
      if (channel != null) packer.packString("response_to").packString(channel);
      pack(packer.packString(name), arguments);
      socket.send(new byte[0], ZMQ.SNDMORE);
      socket.send(packer.toByteArray());
    }

    /** The next event of a channel that is no heartbeat; those are answered. */
    Event receive(String channel) throws Exception {
      while (true) {
        byte[] empty = socket.recv();
        if (empty == null || empty.length > 0 || !socket.hasReceiveMore()) throw new IOException("no answer in time");
        try (MessageUnpacker unpacker = MessagePack.newDefaultUnpacker(socket.recv())) {
          unpacker.unpackArrayHeader();
          Map<Value, Value> headers = unpacker.unpackValue().asMapValue().map();
          String name = unpacker.unpackString();
          Value arguments = unpacker.unpackValue();
          boolean isOurs = headers.entrySet().stream()
              .anyMatch(header -> text(header.getKey()).equals("response_to") && text(header.getValue()).equals(channel));
          // What still comes of a stream that was broken off.
          if (!isOurs) continue;
          switch (name) {
            case "_zpc_hb" -> send(id(), channel, "_zpc_hb", JSON.arrayNode().add(integer(BigInteger.ZERO)));
            case "_zpc_more" -> {}
            case "ERR" -> throw new Failed(arguments);
            default -> {
              return new Event(name, arguments);
            }
          }
        }
      }
    }
  }

  static String id() {
    return UUID.randomUUID().toString().replace("-", "");
  }

  static String text(Value value) {
    return value.asRawValue().asString();
  }

  static void pack(MessagePacker packer, JsonNode value) throws Exception {
    switch (value.getNodeType()) {
      case NULL -> packer.packNil();
      case BOOLEAN -> packer.packBoolean(value.asBoolean());
      case STRING -> packer.packString(value.asText());
      case ARRAY -> {
        packer.packArrayHeader(value.size());
        for (JsonNode item : value) pack(packer, item);
      }
      case OBJECT -> packObject(packer, value);
      default -> throw new Cannot("no tagged value: " + value);
    }
  }

  static void packObject(MessagePacker packer, JsonNode value) throws Exception {
    String tag = value.size() == 1 ? value.fieldNames().next() : "";
    JsonNode content = value.path(tag);
    switch (tag) {
      case "$int" -> packer.packBigInteger(new BigInteger(content.asText()));
      case "$float" -> packer.packDouble(Double.parseDouble(content.asText().replace("inf", "Infinity")));
      case "$bytes" -> {
        byte[] bytes = HexFormat.of().parseHex(content.asText());
        packer.packBinaryHeader(bytes.length).writePayload(bytes);
      }
      case "$pairs" -> {
        packer.packMapHeader(content.size());
        for (JsonNode pair : content) {
          pack(packer, pair.get(0));
          pack(packer, pair.get(1));
        }
      }
      default -> {
        if (tag.startsWith("$")) throw new Cannot("no " + tag.substring(1) + " here");
        packer.packMapHeader(value.size());
        for (Map.Entry<String, JsonNode> member : value.properties()) {
          pack(packer.packString(member.getKey()), member.getValue());
        }
      }
    }
  }

  static ObjectNode integer(BigInteger integer) {
    return JSON.objectNode().put("$int", integer.toString());
  }

  static JsonNode tagged(Value value) {
    return switch (value.getValueType()) {
      case NIL -> JSON.nullNode();
      case BOOLEAN -> JSON.booleanNode(value.asBooleanValue().getBoolean());
      case INTEGER -> integer(value.asIntegerValue().asBigInteger());
      case FLOAT -> {
        String shown = String.valueOf(value.asFloatValue().toDouble());
        yield JSON.objectNode().put("$float", shown.replace("Infinity", "inf"));
      }
      case STRING -> JSON.textNode(text(value));
      case BINARY -> JSON.objectNode().put("$bytes", HexFormat.of().formatHex(value.asBinaryValue().asByteArray()));
      case ARRAY -> {
        ArrayNode items = JSON.arrayNode();
        for (Value item : value.asArrayValue()) items.add(tagged(item));
        yield items;
      }
      case MAP -> {
        Map<Value, Value> members = value.asMapValue().map();
        boolean isNamed = members.keySet().stream().allMatch(key -> key.isStringValue() && !text(key).startsWith("$"));
        if (isNamed) {
          ObjectNode object = JSON.objectNode();
          members.forEach((key, member) -> object.set(text(key), tagged(member)));
          yield object;
        }
        ObjectNode object = JSON.objectNode();
        ArrayNode pairs = object.putArray("$pairs");
        members.forEach((key, member) -> pairs.addArray().add(tagged(key)).add(tagged(member)));
        yield object;
      }
      default -> throw new IllegalStateException("no value of zerorpc: " + value);
    };
  }
}
