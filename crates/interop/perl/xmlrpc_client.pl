# Perl's RPC::XML::Client.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use answers;

eval { require JSON::PP; require RPC::XML::Client; 1 } or skip('no RPC::XML for Perl');
{
    no warnings 'once';
    ($RPC::XML::ENCODING, $RPC::XML::ALLOW_NIL) = ('utf-8', 1);
}

my $client = RPC::XML::Client->new("http://$ARGV[1]/RPC2");
answer_each(sub {
    my ($call) = @_;
    my $request = eval { RPC::XML::request->new($call->{method}, map { from_tagged($_) } @{$call->{arguments}}) };
    return cannot => "RPC::XML: $@" unless $request;
    my $answer = $client->send_request($request);
    die "$answer\n" unless ref $answer;
    return error => { text => $answer->string, code => int $answer->code } if $answer->is_fault;
    return value => to_tagged($answer);
});
