# A client's side of scripts/interop: a wire and an address as arguments, then a call and an answer a line; see
# src/bin/interop/ask.rs. And the cases' values as RPC::XML has them; see src/bin/interop/tagged.rs.
package answers;
use strict;
use warnings;
use Exporter 'import';
our @EXPORT = qw(answer_each from_tagged to_tagged skip);

sub skip {
    print "SKIPPED $_[0]\n";
    exit;
}

# Makes each call with the function, which returns the kind of the answer and its content.
sub answer_each {
    my ($make) = @_;
    my $json = JSON::PP->new->utf8->allow_nonref->max_depth(100_000);
    $| = 1;
    print "READY\n";
    while (my $line = <STDIN>) {
        my $call = $json->decode($line);
        my ($kind, $content) = $make->($call);
        print $json->encode({ id => $call->{id}, $kind => $content }), "\n";
    }
}

sub from_tagged {
    my ($value) = @_;
    return RPC::XML::nil->new unless defined $value;
    return RPC::XML::boolean->new($value ? 1 : 0) if JSON::PP::is_bool($value);
    return RPC::XML::array->new(from => [map { from_tagged($_) } @$value]) if ref $value eq 'ARRAY';
    return RPC::XML::string->new($value) unless ref $value;
    my ($tag, @others) = keys %$value;
    if (defined $tag && !@others && $tag =~ /^\$/) {
        my $content = $value->{$tag};
        return (abs($content) >= 2**31 ? 'RPC::XML::i8' : 'RPC::XML::int')->new($content) if $tag eq '$int';
        die "RPC::XML reads no such double\n" if $tag eq '$float' && $content =~ /nan|inf/i;
        return RPC::XML::double->new($content) if $tag eq '$float';
        return RPC::XML::base64->new(pack 'H*', $content) if $tag eq '$bytes';
        return RPC::XML::datetime_iso8601->new($content) if $tag eq '$date';
        die "XML-RPC has no $tag\n";
    }
    return RPC::XML::struct->new({ map { $_ => from_tagged($value->{$_}) } keys %$value });
}

sub to_tagged {
    my ($value) = @_;
    my $type = $value->type;
    return undef if $type eq 'nil';
    return [map { to_tagged($_) } @$value] if $type eq 'array';
    return { map { $_ => to_tagged($value->{$_}) } keys %$value } if $type eq 'struct';
    my $content = $value->value;
    return { '$int' => "$content" } if $type =~ /^i(nt|4|8)$/;
    return { '$float' => "$content" } if $type eq 'double';
    return { '$bytes' => unpack 'H*', $content } if $type eq 'base64';
    return $content ? JSON::PP::true() : JSON::PP::false() if $type eq 'boolean';
    return { '$date' => join('-', $content =~ /^(\d{4})-?(\d\d)-?(\d\d)/) . substr($content, index($content, 'T'), 9) }
        if $type eq 'dateTime.iso8601';
    return $content;
}

1;
