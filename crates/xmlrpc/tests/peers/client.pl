# Drives a server with Perl's RPC::XML: perl client.pl URL. Exits with 0 when every check held.

use strict;
use warnings;
use utf8;

use RPC::XML;
use RPC::XML::Client;

$RPC::XML::ENCODING  = 'utf-8';
$RPC::XML::ALLOW_NIL = 1;
my $server = RPC::XML::Client->new($ARGV[0]);

sub check {
    my ($got, $expected) = @_;
    die "no answer: $got\n" if !ref $got;
    die 'a fault: ' . $got->string . "\n" if $got->is_fault;
    my ($type, $value) = @$expected;
    my $shown = defined $got->value ? $got->value : 'nil';
    die "expected $type $value, got " . $got->type . " $shown\n" if $got->type ne $type || $shown ne $value;
}

sub check_fault {
    my ($got, $code, $text) = @_;
    die "no fault\n" if !ref $got || !$got->is_fault;
    die 'got ' . $got->code . ' ' . $got->string . "\n" if $got->code != $code || index($got->string, $text) < 0;
}

check($server->send_request('add', 2, 3), ['int', 5]);
check($server->send_request('divide', 7, 2), ['double', 3.5]);
check($server->send_request('echo', RPC::XML::i8->new('9007199254740993')), ['i8', '9007199254740993']);
check($server->send_request('echo', RPC::XML::string->new('é <&> 你好')), ['string', 'é <&> 你好']);
check($server->send_request('echo', RPC::XML::boolean->new(1)), ['boolean', 1]);
check($server->send_request('echo', RPC::XML::base64->new("\x00\xFF")), ['base64', "\x00\xFF"]);
check($server->send_request('echo', RPC::XML::nil->new), ['nil', 'nil']);
check($server->send_request('echo', RPC::XML::datetime_iso8601->new('19980717T14:08:55')), ['dateTime.iso8601', '19980717T14:08:55']);
my $nested = $server->send_request('echo', { list => [1, 'two', { three => 3 }] });
die "not the same\n" if $nested->value->{list}[2]{three} != 3;
check_fault($server->send_request('divide', 1, 0), -32500, 'division by zero');
check_fault($server->send_request('nothing'), -32601, 'no method nothing');
check_fault($server->send_request('add', { a => 1 }, 1), -32602, 'expected a number, got struct');
my $many = $server->send_request('system.multicall', [{ methodName => 'add', params => [1, 2] }, { methodName => 'nothing', params => [] }]);
die "no results\n" if $many->value->[0][0] != 3 || $many->value->[1]{faultCode} != -32601;
print "every check held\n";
