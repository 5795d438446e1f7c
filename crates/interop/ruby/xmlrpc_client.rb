# Ruby's XMLRPC::Client.
require_relative "answers"
begin
  require "xmlrpc/client"
rescue LoadError
  skip "no xmlrpc for Ruby"
end

XMLRPC::Config.module_eval do
  remove_const(:ENABLE_NIL_CREATE)
  remove_const(:ENABLE_NIL_PARSER)
  const_set(:ENABLE_NIL_CREATE, true)
  const_set(:ENABLE_NIL_PARSER, true)
end

client = XMLRPC::Client.new2("http://#{ARGV[1]}/RPC2")
answer_each do |method, arguments|
  begin
    XMLRPC::Create.new.methodCall(method, *arguments)
  rescue RuntimeError => error
    raise Cannot, "XMLRPC::Client: #{error.message}"
  end
  begin
    if method == "system.multicall"
      client.multicall(*arguments[0].map { |call| [call["methodName"], *call["params"]] }).map { |result| [result] }
    else
      client.call(method, *arguments)
    end
  rescue XMLRPC::FaultException => fault
    raise Failed.new(fault.faultString, fault.faultCode)
  end
end
