// grpc-java. A client's side of scripts/interop: the compiled protos, a wire and an address as arguments, then a call and an
// answer a line; see ../src/bin/interop/ask.rs, and tagged.rs for the values.

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

public final class Grpc {
  private static final String END = "the end of the answers";

  private final Map<String, ServiceDescriptor> services = new HashMap<>();
  private final JsonFormat.TypeRegistry types;
  private final Channel channel;

  private Grpc(FileDescriptorSet set, Channel channel) throws Exception {
    this.channel = channel;
    Map<String, FileDescriptor> files = new HashMap<>();
    JsonFormat.TypeRegistry.Builder known = JsonFormat.TypeRegistry.newBuilder();
    // Each file comes behind those that it imports.
    for (FileDescriptorProto proto : set.getFileList()) {
      FileDescriptor[] imports = proto.getDependencyList().stream().map(files::get).toArray(FileDescriptor[]::new);
      FileDescriptor file = FileDescriptor.buildFrom(proto, imports);
      files.put(proto.getName(), file);
      known.add(file.getMessageTypes());
      file.getServices().forEach(service -> services.put(service.getFullName(), service));
    }
    types = known.build();
  }

  public static void main(String[] arguments) throws Exception {
    // What the server has exported goes before the compiled protos.
    String exported = System.getenv("MANYWIRE_EXPORT");
    Path compiled = exported == null ? Path.of(arguments[0]) : Path.of(exported, "protos.bin");
    FileDescriptorSet set = FileDescriptorSet.parseFrom(Files.readAllBytes(compiled));
    ManagedChannel channel =
        NettyChannelBuilder.forTarget(arguments[2]).usePlaintext().maxInboundMessageSize(16 << 20).build();
    Grpc client = new Grpc(set, channel);
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    out.println("READY");
    Gson gson = new Gson().newBuilder().disableHtmlEscaping().serializeSpecialFloatingPointValues().create();
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      JsonObject call = JsonParser.parseString(line).getAsJsonObject();
      JsonObject answer = new JsonObject();
      answer.add("id", call.get("id"));
      try {
        client.make(call, answer);
      } catch (StatusRuntimeException failed) {
        JsonObject error = new JsonObject();
        error.addProperty("text", String.valueOf(failed.getStatus().getDescription()));
        error.addProperty("code", failed.getStatus().getCode().value());
        error.addProperty("name", failed.getStatus().getCode().name().toLowerCase(Locale.ROOT));
        answer.add("error", error);
      }
      out.println(gson.toJson(answer));
    }
    channel.shutdownNow();
  }

  private void make(JsonObject call, JsonObject answer) throws Exception {
    String name = call.get("method").getAsString();
    int slash = name.indexOf('/');
    ServiceDescriptor service = services.get(name.substring(0, slash));
    MethodDescriptor known = service == null ? null : service.findMethodByName(name.substring(slash + 1));
    // A method that is not there is called as if it were one that is.
    MethodDescriptor method = known == null ? services.get("Greeter").findMethodByName("SayHello") : known;
    int take = call.has("take") ? call.get("take").getAsInt() : -1;
    BlockingQueue<Object> answers = new LinkedBlockingQueue<>();
    StreamObserver<DynamicMessage> requests = begin(name, method, call, answers);
    JsonArray sent = call.getAsJsonArray(call.has("requests") ? "requests" : "arguments");
    for (JsonElement request : sent) {
      requests.onNext(read(method, request));
    }
    // A stream of requests that will be broken off is not ended before.
    if (take < 0 || !call.has("requests")) {
      requests.onCompleted();
    }
    JsonArray items = new JsonArray();
    while (items.size() != take) {
      Object next = answers.take();
      if (next == END) {
        break;
      }
      if (next instanceof StatusRuntimeException) {
        throw (StatusRuntimeException) next;
      }
      items.add(tell((DynamicMessage) next));
    }
    if (items.size() == take) {
      ((ClientCallStreamObserver<?>) requests).cancel("enough", null);
    }
    boolean isStream = method.isServerStreaming();
    answer.add(isStream ? "items" : "value", isStream ? items : items.get(0));
  }

  /** Begins a call of any kind; its answers are put into the queue. */
  private StreamObserver<DynamicMessage> begin(
      String name, MethodDescriptor method, JsonObject call, BlockingQueue<Object> answers) {
    Metadata metadata = new Metadata();
    if (call.has("metadata")) {
      for (Map.Entry<String, JsonElement> pair : call.getAsJsonObject("metadata").entrySet()) {
        Metadata.Key<String> key = Metadata.Key.of(pair.getKey(), Metadata.ASCII_STRING_MARSHALLER);
        metadata.put(key, pair.getValue().getAsString());
      }
    }
    CallOptions options = CallOptions.DEFAULT;
    if (call.has("deadline_ms")) {
      options = options.withDeadlineAfter(call.get("deadline_ms").getAsLong(), TimeUnit.MILLISECONDS);
    }
    io.grpc.MethodDescriptor<DynamicMessage, DynamicMessage> descriptor =
        io.grpc.MethodDescriptor.<DynamicMessage, DynamicMessage>newBuilder()
            .setType(kind(method))
            .setFullMethodName(name)
            .setRequestMarshaller(ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(method.getInputType())))
            .setResponseMarshaller(ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(method.getOutputType())))
            .build();
    Channel told = ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(metadata));
    return ClientCalls.asyncBidiStreamingCall(
        told.newCall(descriptor, options),
        new StreamObserver<DynamicMessage>() {
          @Override
          public void onNext(DynamicMessage message) {
            answers.add(message);
          }

          @Override
          public void onError(Throwable failed) {
            answers.add(failed);
          }

          @Override
          public void onCompleted() {
            answers.add(END);
          }
        });
  }

  private static io.grpc.MethodDescriptor.MethodType kind(MethodDescriptor method) {
    if (method.isClientStreaming()) {
      return method.isServerStreaming()
          ? io.grpc.MethodDescriptor.MethodType.BIDI_STREAMING
          : io.grpc.MethodDescriptor.MethodType.CLIENT_STREAMING;
    }
    return method.isServerStreaming()
        ? io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING
        : io.grpc.MethodDescriptor.MethodType.UNARY;
  }

  private DynamicMessage read(MethodDescriptor method, JsonElement message) throws InvalidProtocolBufferException {
    DynamicMessage.Builder builder = DynamicMessage.newBuilder(method.getInputType());
    JsonFormat.parser().usingTypeRegistry(types).merge(plain(message).toString(), builder);
    return builder.build();
  }

  private JsonElement tell(DynamicMessage message) throws InvalidProtocolBufferException {
    return JsonParser.parseString(
        JsonFormat.printer().usingTypeRegistry(types).preservingProtoFieldNames().print(message));
  }

  /** A value of the cases as protobuf's JSON has it. */
  private static JsonElement plain(JsonElement value) {
    if (value.isJsonArray()) {
      JsonArray items = new JsonArray();
      value.getAsJsonArray().forEach(item -> items.add(plain(item)));
      return items;
    }
    if (!value.isJsonObject()) {
      return value;
    }
    JsonObject object = new JsonObject();
    for (Map.Entry<String, JsonElement> pair : value.getAsJsonObject().entrySet()) {
      switch (pair.getKey()) {
        case "$bytes":
          return new JsonPrimitive(base64(pair.getValue().getAsString()));
        case "$float":
          String number = pair.getValue().getAsString();
          return new JsonPrimitive(number.endsWith("inf") ? number.replace("inf", "Infinity") : number);
        case "$int":
        case "$uint":
          return pair.getValue();
        default:
          object.add(pair.getKey(), plain(pair.getValue()));
      }
    }
    return object;
  }

  private static String base64(String hex) {
    byte[] bytes = new byte[hex.length() / 2];
    for (int at = 0; at < bytes.length; at++) {
      bytes[at] = (byte) Integer.parseInt(hex.substring(2 * at, 2 * at + 2), 16);
    }
    return Base64.getEncoder().encodeToString(bytes);
  }
}
