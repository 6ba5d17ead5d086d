package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWrongCommandLines(t *testing.T) {
	t.Chdir(t.TempDir())
	cases := map[string]struct {
		args []string
		want string
	}{
		"mistyped option":            {[]string{"--wrokers", "2"}, "unknown option --wrokers: did you mean --workers?"},
		"mistyped, with a value":     {[]string{"--log-leel=info"}, "unknown option --log-leel: did you mean --log-level?"},
		"mistyped, with underscores": {[]string{"--head_siez=1"}, "unknown option --head_siez: did you mean --head-size?"},
		"option of ours":             {[]string{"--confg", "x"}, "unknown option --confg: did you mean --config?"},
		"no such option":             {[]string{"--quux"}, "unknown option --quux (forebay --help lists the options)"},
		"no such letter":             {[]string{"-x"}, "unknown option -x (forebay --help lists the options)"},
		"worker class":               {[]string{"-k", "gevent"}, "-k: not needed: there is one kind of worker: each runs --threads threads"},
		"worker class, long":         {[]string{"--worker-class=gthread"}, "--worker-class: not needed: there is one kind of worker: each runs --threads threads"},
		"a switch with a value":      {[]string{"--no-preload=true-ish"}, `invalid argument "true-ish" for "--no-preload" flag: it takes no value (forebay --help lists the options)`},
		"mistyped switch":            {[]string{"--no-prelaod"}, "unknown option --no-prelaod: did you mean --no-preload?"},
		"PROXY protocol":             {[]string{"--proxy-protocol", "v2"}, "--proxy-protocol: name those who send the header: --proxy-protocol-from 10.0.0.0/8"},
		"a path":                     {[]string{"--path", "/a"}, "--path: settings of a path prefix stand in a file, below [[path]]"},
		"a value for a switch":       {[]string{"--preload", "true", "shop"}, "want one application, not true and shop; a switch has its value behind =: --preload=false, or --no-preload"},
		"daemon":                     {[]string{"-D"}, "-D: forebay stays in the foreground: a service manager such as systemd puts it in the background"},
		"check config":               {[]string{"--check-config", "shop"}, "--check-config: the command for it is: forebay check"},
		"value missing":              {[]string{"--workers"}, "--workers wants a value: --workers N"},
		"value of a letter missing":  {[]string{"-b"}, "-b wants a value: -b ADDRESS"},
		"file missing":               {[]string{"-c"}, "-c wants a value: -c FILE"},
		"bad syntax":                 {[]string{"--=x"}, "bad flag syntax: --=x (forebay --help lists the options)"},
		"two applications":           {[]string{"shop", "mart"}, "want one application, not shop and mart; options of forebay begin with a dash"},
		"two for check":              {[]string{"check", "shop", "mart"}, "want one application, not shop and mart; options of forebay begin with a dash"},
		"compress nothing":           {[]string{"compress"}, "compress wants DIR: forebay compress [options] DIR..."},
		"compress, mistyped":         {[]string{"compress", "--min-siez", "1k", "x"}, "compress: unknown option --min-siez: did you mean --min-size?"},
		"compress, of the server":    {[]string{"compress", "--workers", "1", "x"}, "compress: unknown flag: --workers; it has --min-size, --codings, --quiet, --help"},
		"compress, in other codings": {[]string{"compress", "--codings", "br,lz4", "x"}, `compress: invalid argument "br,lz4" for "--codings" flag: want some of br, zstd and gzip, not "lz4"`},
		"compress, too late":         {[]string{"-w", "2", "compress", "x"}, "compress stands first, and its options follow it: forebay compress [options] DIR..."},
		"a shell that is none":       {[]string{"completion", "tcsh"}, `completion wants bash|zsh|fish, not "tcsh"`},
		"init of two":                {[]string{"init", "a", "b"}, "init wants one DIR, not a and b"},
		"init, mistyped":             {[]string{"init", "--forse"}, "init: unknown option --forse: did you mean --force?"},
		"init, too late":             {[]string{"--reload", "init"}, "init stands first, and its options follow it: forebay init [options] [DIR]"},
		"no shell":                   {[]string{"completion"}, "completion wants bash|zsh|fish: forebay completion bash|zsh|fish"},
		"two shells":                 {[]string{"completion", "bash", "zsh"}, "completion wants one bash|zsh|fish, not bash and zsh"},
		"schema of something":        {[]string{"schema", "shop"}, `forebay schema takes no argument "shop" (an application of that name is given as schema:CALLABLE)`},
		"man, of the server":         {[]string{"man", "--workers", "1"}, "man: unknown flag: --workers; it has --help"},
		"mistyped command":           {[]string{"chek"}, "unknown command chek: did you mean check? (An application of that name is given as chek:CALLABLE.)"},
		"swapped letters":            {[]string{"vresion"}, "unknown command vresion: did you mean version? (An application of that name is given as vresion:CALLABLE.)"},
		"mistyped, with application": {[]string{"chekc", "shop"}, "unknown command chekc: did you mean check?"},
		"no worker":                  {[]string{"stack", "x"}, `want the process id of a worker, not "x": forebay status lists them`},
		"stop of something":          {[]string{"stop", "shop"}, `forebay stop takes no argument "shop" (an application of that name is given as stop:CALLABLE)`},
		"json without status":        {[]string{"top", "--json"}, "--json belongs to a command: forebay status --json"},
		"mistyped reload":            {[]string{"relaod"}, "unknown command relaod: did you mean reload? (An application of that name is given as relaod:CALLABLE.)"},
		"print without check":        {[]string{"--print", "shop"}, "--print belongs to a command: forebay check --print"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := parseOptions(c.args)
			assert.EqualError(t, err, c.want)
		})
	}
}

func TestAModuleThatIsThereIsNoMistypedCommand(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("checks.py", nil, 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(".", "verzion"), 0o700))
	for _, module := range []string{"checks", "verzion", "hello", "clock"} {
		opts, err := parseOptions([]string{module})
		require.NoError(t, err)
		assert.Equal(t, []string{module}, opts.values["app"])
	}
}
