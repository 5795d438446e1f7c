# Drives a server with Ruby's own XML-RPC client: ruby client.rb URL. Exits with 0 when every check held.

require "xmlrpc/client"

XMLRPC::Config.send(:remove_const, :ENABLE_NIL_CREATE)
XMLRPC::Config.const_set(:ENABLE_NIL_CREATE, true)
XMLRPC::Config.send(:remove_const, :ENABLE_NIL_PARSER)
XMLRPC::Config.const_set(:ENABLE_NIL_PARSER, true)

server = XMLRPC::Client.new2(ARGV.fetch(0))

def check(got, expected)
  raise "expected #{expected.inspect}, got #{got.inspect}" unless got == expected && got.class == expected.class
end

def check_fault(code, text)
  got = yield
rescue XMLRPC::FaultException => fault
  raise "expected #{code} #{text}, got #{fault.faultCode} #{fault.faultString}" unless fault.faultCode == code && fault.faultString.include?(text)
else
  raise "expected fault #{code}, got #{got.inspect}"
end

check(server.call("add", 2, 3), 5)
check(server.call("divide", 7, 2), 3.5)
[nil, true, false, 0, 2**31 - 1, -(2**31), 1.5, -0.5, "", " <&>\n", "é 你好 😀", [], [1, ["a"]], {}, { "k" => { "n" => nil } }].each do |value|
  check(server.call("echo", value), value)
end
time = server.call("echo", XMLRPC::DateTime.new(1998, 7, 17, 14, 8, 55))
check([time.year, time.month, time.day, time.hour, time.min, time.sec], [1998, 7, 17, 14, 8, 55])
check(server.call("echo", XMLRPC::Base64.new("\x00\xFF".b)), "\x00\xFF".b)
check_fault(-32500, "division by zero") { server.call("divide", 1, 0) }
check_fault(-32601, "no method nothing") { server.call("nothing") }
check_fault(-32602, "expected a number, got struct") { server.call("add", {}, 1) }
check(server.multicall(["add", 1, 2], ["divide", 1, 0], ["echo", "last"]).map(&:class), [Integer, XMLRPC::FaultException, String])
check(server.call("system.methodSignature", "js.J"), [%w[string string]])
puts "every check held"
