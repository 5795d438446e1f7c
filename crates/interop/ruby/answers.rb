# A client's side of scripts/interop: a wire and an address as arguments, then a call and an answer a line; see
# src/bin/interop/ask.rs. And the cases' values as Ruby has them; see src/bin/interop/tagged.rs.
require "json"
require "time"

# The library has no way to make this call.
class Cannot < StandardError; end

# The server answered with an error.
class Failed < StandardError
  attr_reader :code

  def initialize(text, code)
    super(text)
    @code = code
  end
end

def skip(why)
  puts "SKIPPED #{why}"
  exit
end

# Makes each call with the block, which returns the value.
def answer_each
  $stdout.sync = true
  puts "READY"
  $stdin.each_line do |line|
    call = JSON.parse(line, max_nesting: false)
    answer = begin
      { value: to_tagged(yield(call["method"], from_tagged(call["arguments"]))) }
    rescue Cannot => why
      { cannot: why.message }
    rescue Failed => failed
      { error: { text: failed.message, code: failed.code } }
    end
    puts JSON.generate({ id: call["id"], **answer }, max_nesting: false)
  end
end

def from_tagged(value)
  return value.map { |item| from_tagged(item) } if value.is_a?(Array)
  return value unless value.is_a?(Hash)
  return value.transform_values { |item| from_tagged(item) } unless value.size == 1 && value.keys[0].start_with?("$")

  tag, content = value.first
  case tag
  when "$int" then Integer(content)
  when "$float" then content =~ /nan|inf/i ? Float::NAN : Float(content)
  when "$bytes" then XMLRPC::Base64.new([content].pack("H*"))
  when "$date" then XMLRPC::DateTime.new(*content.scan(/\d+/).map(&:to_i))
  else raise Cannot, "XML-RPC has no #{tag}"
  end
end

def to_tagged(value)
  case value
  when Integer then { "$int": value.to_s }
  when Float then { "$float": value.to_s }
  when XMLRPC::DateTime then { "$date": format("%04d-%02d-%02dT%02d:%02d:%02d", *value.to_a) }
  # The library returns base64 as a string of bytes.
  when String then value.encoding == Encoding::BINARY ? { "$bytes": value.unpack1("H*") } : value
  when Array then value.map { |item| to_tagged(item) }
  when Hash then value.transform_values { |item| to_tagged(item) }
  else value
  end
end
