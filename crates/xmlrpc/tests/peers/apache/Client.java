// Drives a server with Apache XML-RPC's client: java -cp CLASSPATH Client.java URL. Exits with 0 when every check held.

import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URL;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import org.apache.xmlrpc.XmlRpcException;
import org.apache.xmlrpc.client.XmlRpcClient;
import org.apache.xmlrpc.client.XmlRpcClientConfigImpl;

public class Client {
  static XmlRpcClient client;

  static Object call(String method, Object... params) throws XmlRpcException {
    return client.execute(method, params);
  }

  static void check(Object got, Object expected) {
    boolean same = got instanceof Object[] && expected instanceof Object[]
        ? Arrays.deepEquals((Object[]) got, (Object[]) expected)
        : got instanceof byte[] ? Arrays.equals((byte[]) got, (byte[]) expected) : Objects.equals(got, expected);
    if (!same) throw new AssertionError("expected " + expected + ", got " + got);
  }

  static void checkFault(int code, String text, String method, Object... params) {
    try {
      Object got = call(method, params);
      throw new AssertionError("expected fault " + code + ", got " + got);
    } catch (XmlRpcException fault) {
      if (fault.code != code || !fault.getMessage().contains(text)) throw new AssertionError(fault);
    }
  }

  public static void main(String[] args) throws Exception {
    XmlRpcClientConfigImpl config = new XmlRpcClientConfigImpl();
    config.setServerURL(new URL(args[0]));
    config.setEnabledForExtensions(true);
    client = new XmlRpcClient();
    client.setConfig(config);

    check(call("add", 2, 3), 5);
    check(call("divide", 7, 2), 3.5);
    for (Object value : new Object[] {
        null, true, 5, Integer.MIN_VALUE, 1L << 40, Long.MIN_VALUE, 0.25, "", "é <&> 你好", new byte[] {0, -1},
        new Object[] {1, null, new Object[] {1L << 33}}, Map.of("a", 1, "b", Map.of("c", 1L << 34)),
        BigInteger.ONE.shiftLeft(63)}) {
      check(call("echo", value), value);
    }
    check(call("echo", (short) -7), -7);
    check(call("echo", (byte) 7), 7);
    check(call("echo", 1.5f), 1.5);
    check(call("echo", new BigDecimal("12.50")), 12.5);
    check(call("echo", BigInteger.TWO), 2);
    checkFault(-32602, "no bigdecimal that fits", "echo", new BigDecimal("0.10000000000000000000000000001"));
    checkFault(-32602, "no biginteger that fits", "echo", BigInteger.ONE.shiftLeft(64));
    checkFault(-32500, "division by zero", "divide", 1, 0);
    checkFault(-32601, "no method nothing", "nothing");
    checkFault(-32602, "expected a number, got nil", "add", null, 1);
    Object[] many = (Object[]) call("system.multicall", (Object) new Object[] {
        Map.of("methodName", "echo", "params", new Object[] {1L << 35}),
        Map.of("methodName", "echo", "params", new Object[] {"last"})});
    check(many, new Object[] {new Object[] {1L << 35}, new Object[] {"last"}});
    System.out.println("every check held");
  }
}
