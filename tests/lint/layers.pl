#!/usr/bin/perl -Itests/lint
# layers.pl [FILE...] - who may include and call whom.  Headers are read from
# what the compiler wrote beside the objects below $O, calls from "nm" of them.
#  main > cli > night > stages > nouns > the modules below; a stage knows no
#  other stage; connectors know connector.h, common and a few pure modules.
use strict;
use warnings;
use Source;

my @cc = (split(' ', $ENV{CC} || 'cc'), '-std=c11',
    split(' ', $ENV{CPPFLAGS} || '-Idaemon -Iconnectors'));
my $out = $ENV{O} || 'build';

my $noun = qr/^(queue|event|contact|person|answer|effect|cursor|optout|campaign|
    runlog|tenant|alarm|audit|quarantine|tagwant|history|planned|evidence|erasure|subject|pause|
    previewed)$/x;
my @rank = ('a module below', 'a noun', 'a stage', 'night', 'a command', 'main');
# What a connector may use beside connector.h and its own folder; http through
# the client that its environment holds.
my $for_connectors = qr/^(npsync|err|arena|buf|json|num|clock|text|url|
    http|outcome)(_\w+)?$/x;

# Headers and symbols that only some files may use.
my %header = (
	'libpq-fe.h' => qr/^daemon\/(db|embedded)\w*\.c$/,
	'curl.h' => qr/^daemon\/(http\w*|url|mail)\.c$/,
	'libconfig.h' => qr/^daemon\/(conf|options)\w*\.c$/,
	'syslog.h' => qr/^daemon\/log\.c$/,
	'zlib.h' => qr/^connectors\/common\/unpack\.c$/,
	'jansson.h' => qr/^daemon\/|^connectors\//,
);
my @symbol = (
	[qr/^PQ[a-z]\w+$/, $header{'libpq-fe.h'}],
	[qr/^curl_\w+$/, $header{'curl.h'}],
	[qr/^config_\w+$/, $header{'libconfig.h'}],
	[qr/^(v?syslog|openlog|closelog)$/, $header{'syslog.h'}],
	[qr/^(exec[lv]p?e?|execvpe|fexecve|posix_spawnp?)$/,
	    qr/^daemon\/(embedded|secret)\w*\.c$/],
	[qr/^(system|popen)$/, qr/^$/],
	[qr/^v?fork$/, qr/^daemon\/(embedded|secret|main|cli_)\w*\.c$/],
	# A connector translates: it does not wait, end, talk or log.
	[qr/^(nanosleep|usleep|sleep|clock_nanosleep|socket|connect|poll|select|
	    exit|_exit|abort|raise|kill|printf|puts|putchar|fork)$/x,
	    qr/^daemon\//],
);

# 0..5, or -1 for connectors.
sub rank {
	my ($file) = @_;
	return -1 if $file =~ m{^connectors/};
	my ($base) = $file =~ m{([^/.]+)\.\w+$};
	return 5 if $base eq 'main';
	return 4 if $base =~ /^cli/;
	return 3 if $base =~ /^night/;
	return 2 if $base =~ /^stage/;
	my ($first) = $base =~ /^([^_]+)/;
	return 1 if $base =~ $noun || $first =~ $noun;
	return 1 if $base =~ /^tag_(want|command)/;
	return 0;
}
# Why $from may not use $to, both files; undef = it may.
sub wall {
	my ($from, $to) = @_;
	return undef if $from eq $to || $to eq 'connectors/connector.h';
	my ($a, $b) = (rank($from), rank($to));
	if ($a == -1) {
		my ($folder) = $from =~ m{^connectors/([^/]+)/};
		my ($own) = $to =~ m{^connectors/([^/]+)/};
		return undef if defined $own
		    && ($own eq 'common' || (defined $folder && $own eq $folder));
		return undef if defined $own && !defined $folder;
		my ($base) = $to =~ m{([^/.]+)\.\w+$};
		return undef if !defined $own && $base =~ $for_connectors;
		return 'a connector may not use it';
	}
	return 'only the registry names a connector' if $b == -1;
	return "$rank[$a] may not use $rank[$b]" if $b > $a;
	# stage.h and stage.c hold what the stages share.
	return 'a stage may not use another stage'
	    if $a == 2 && $b == 2 && $to !~ m{/stage\.[ch]$} && !related($from, $to);
	return undef;
}
# stage_push.c and stage_push_batch.c are one stage.
sub related {
	my ($x, $y) = map { m{/stage_([a-z]+)} ? $1 : '' } @_;
	return $x eq $y;
}
# The whole file is read for it: only of what is found.
sub line_of {
	my ($file, $pattern) = @_;
	my ($n, $text) = (0, read_file($file));
	# An include's name is a string, a call must not be in a comment.
	$text = code_of($text) if $pattern !~ /include/;
	for (split /\n/, $text) {
		$n++;
		return $n if /$pattern/;
	}
	return 1;
}
sub run {
	open(my $in, '-|', @_) or die "$_[0]: $!\n";
	my @lines = <$in>;
	close($in);
	return ($? == 0, @lines);
}
# A stage may ask for http, a noun may not.
sub noun_and_http {
	my ($from, $to) = @_;
	return rank($from) == 1 && $to =~ m{daemon/(http|mail)\w*\.c$};
}

# Whatever a file includes, its headers' too: ours as the compiler wrote them
# down ("cc -MMD" beside the object), and what all these name in <>.
my %named;
sub deps {
	my ($file) = @_;
	(my $written = "$out/$file") =~ s/\.c$/.d/;
	# A seed is not built.
	if (!-e $written) {
		my ($ok, @lines) = run(@cc, '-M', $file);
		return ($ok, headers_of(join '', @lines));
	}
	my @own = headers_of(read_file($written));
	my %system;
	for my $from ($file, @own) {
		$named{$from} //= [read_file($from) =~ /^[ \t]*#[ \t]*include[ \t]*<([^>]+)>/mg];
		$system{"/<>/$_"} = 1 for @{$named{$from}};
	}
	return (1, @own, sort keys %system);
}
# Of the first rule.
sub headers_of {
	my ($text) = @_;
	$text =~ s/\\\n//g;
	$text =~ s/\n.*//s;
	return grep { /\.h$/ } split ' ', $text;
}

my @files = sources('daemon/*.c', 'connectors/*/*.c');
my (%defined, %undefined, %source_of);
for my $file (@files) {
	my $role = role($file);
	my ($ok, @deps) = deps($file);
	if (!$ok) {
		finding($file, 1, 'the preprocessor failed');
		next;
	}
	for my $to (@deps) {
		my ($base) = $to =~ m{([^/]+)$};
		my $include = "^#include .*\Q$base\E";
		next if allowed('layers', "$role:$base");
		if ($to !~ m{^/}) {
			my $why = wall($role, role($to));
			finding($file, line_of($file, $include),
			    "includes $to: $why") if defined $why;
		} elsif ($base eq 'curl.h' ? $to =~ m{/curl/curl\.h$} : $header{$base}
		    && $to !~ m{/sys/syslog\.h$}) {
			finding($file, line_of($file, $include),
			    "includes <$base>, which belongs elsewhere")
			    if $role !~ $header{$base};
		}
	}
	my $object = "$out/$file";
	$object =~ s/\.c$/.o/;
	# A seed has no object yet.
	if ($file ne $role) {
		system('mkdir', '-p', $object =~ m{(.*)/}) == 0 or die;
		system(@cc, '-w', '-c', '-o', $object, $file) == 0 or die;
	}
	if (!-e $object) {
		finding($file, 1, "$object is not built");
		next;
	}
	$source_of{$object} = $file;
}
my (undef, @names) = %source_of ? run('nm', '-A', '-g', sort keys %source_of) : ();
for (@names) {
	my ($object, $type, $name) = /^(.+?):[0-9a-f ]* ([A-Za-z]) (\w+)$/ or next;
	my $file = $source_of{$object};
	if ($type eq 'U') {
		$undefined{$file}{$name} = 1;
	} else {
		$defined{$name} = role($file);
	}
}
# Seeds call what the program defines.
if (@ARGV) {
	for my $file (sort map { glob } 'daemon/*.c', 'connectors/*/*.c') {
		(my $object = "$out/$file") =~ s/\.c$/.o/;
		next unless -e $object;
		my ($ok, @lines) = run('nm', '-g', '--defined-only', $object);
		/ [A-Z] (\w+)$/ and $defined{$1} = $file for @lines;
	}
}
for my $file (sort keys %undefined) {
	my $role = role($file);
	for my $name (sort keys %{$undefined{$file}}) {
		next if allowed('layers', "$role:$name");
		my $used = "\\b\Q$name\E\\b";
		for (@symbol) {
			finding($file, line_of($file, $used),
			    "calls $name, which belongs elsewhere")
			    if $name =~ $_->[0] && $role !~ $_->[1];
		}
		my $to = $defined{$name};
		next unless defined $to;
		my $why = wall($role, $to);
		$why = 'a noun talks to the database only'
		    if !defined $why && noun_and_http($role, $to);
		finding($file, line_of($file, $used), "uses $name of $to: $why")
		    if defined $why;
	}
}
done();
