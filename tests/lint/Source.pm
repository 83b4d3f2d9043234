# Source.pm - what the rules of this directory share: C text without comments
# and strings, the list of exceptions, and how a finding is printed.
package Source;
use strict;
use warnings;
use Exporter 'import';
our @EXPORT = qw(read_file code_of allowed finding done role sources limits);

my ($findings, %allow) = (0);

sub read_file {
	my ($file) = @_;
	open(my $in, '<', $file) or die "$file: $!\n";
	local $/;
	my $text = <$in>;
	return defined $text ? $text : '';
}

# Comments and the inside of strings become blanks; lines stay where they are.
sub code_of {
	my ($text) = @_;
	my $blank = sub { my ($s) = @_; $s =~ s/[^\n]/ /g; return $s };
	$text =~ s{(/\*.*?\*/|//[^\n]*)|("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')}
	    {defined $1 ? $blank->($1) : '"' . $blank->(substr($2, 1, -1)) . '"'}gse;
	return $text;
}

# A seed below tests/lint/seeds is judged as if it stood in the program.
sub role {
	my ($file) = @_;
	$file =~ s{^tests/lint/seeds/}{};
	return $file;
}

sub load_allow {
	return if %allow;
	for (split /\n/, read_file('tests/lint/allow')) {
		$allow{"$1 $2"} = 1 if /^(\w+)\s+(\S+)\s+\S/;
	}
	$allow{''} = 1;
}
sub allowed {
	my ($rule, $key) = @_;
	load_allow();
	return exists $allow{"$rule $key"};
}

sub limits {
	my %limit = map { /^([A-Z]\w*)=(\d+)/ ? ($1, $2) : () }
	    split /\n/, read_file('tests/lint/limits');
	return %limit;
}

sub finding {
	my ($file, $line, $what) = @_;
	print "$file:$line: $what\n";
	$findings++;
}
sub done { exit($findings > 0 ? 1 : 0) }

# The files of the command line, else all that match.
sub sources {
	return @ARGV if @ARGV;
	return sort map { glob } @_;
}
1;
