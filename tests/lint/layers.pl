#!/usr/bin/perl -Itests/lint
# layers.pl [FILE...] - who may include and call whom.  Headers are read from
# "cc -MM", calls from "nm" of the objects below $O.
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

my @files = sources('daemon/*.c', 'connectors/*/*.c');
my (%defined, %undefined);
for my $file (@files) {
	my $role = role($file);
	my ($ok, @deps) = run(@cc, '-M', $file);
	if (!$ok) {
		finding($file, 1, 'the preprocessor failed');
		next;
	}
	my $deps = join ' ', @deps;
	$deps =~ s/\\\n//g;
	for my $to (grep { /\.h$/ } split ' ', $deps) {
		my ($base) = $to =~ m{([^/]+)$};
		my $at = line_of($file, qr/^#include .*\Q$base\E/);
		next if allowed('layers', "$role:$base");
		if ($to !~ m{^/}) {
			my $why = wall($role, role($to));
			finding($file, $at, "includes $to: $why") if defined $why;
		} elsif ($base eq 'curl.h' ? $to =~ m{/curl/curl\.h$} : $header{$base}
		    && $to !~ m{/sys/syslog\.h$}) {
			finding($file, $at, "includes <$base>, which belongs elsewhere")
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
	my (undef, @names) = run('nm', '-g', $object);
	for (@names) {
		my ($type, $name) = /\b([A-Za-z]) (\w+)$/ or next;
		if ($type eq 'U') {
			$undefined{$file}{$name} = 1;
		} else {
			$defined{$name} = $role;
		}
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
		my $at = line_of($file, qr/\b\Q$name\E\b/);
		for (@symbol) {
			finding($file, $at, "calls $name, which belongs elsewhere")
			    if $name =~ $_->[0] && $role !~ $_->[1];
		}
		my $to = $defined{$name};
		next unless defined $to;
		my $why = wall($role, $to);
		$why = 'a noun talks to the database only'
		    if !defined $why && noun_and_http($role, $to);
		finding($file, $at, "uses $name of $to: $why") if defined $why;
	}
}
done();
