package main

import (
	"cmp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/cmd/manual"
	"forebay/config"
	"forebay/proxy/coding"
)

func TestOptions(t *testing.T) {
	type values = map[string][]string
	cases := map[string]struct {
		args []string
		want options
	}{
		"nothing":               {nil, options{values: values{}}},
		"an application":        {[]string{"shop:app"}, options{values: values{"app": {"shop:app"}}}},
		"short options":         {[]string{"-w4", "-b", ":80", "-t=5", "shop"}, options{values: values{"app": {"shop"}, "workers": {"4"}, "bind": {":80"}, "timeout": {"5"}}}},
		"options behind it":     {[]string{"shop", "--workers=4", "--threads", "2"}, options{values: values{"app": {"shop"}, "workers": {"4"}, "threads": {"2"}}}},
		"repeated":              {[]string{"-b", ":80", "-b", ":81"}, options{values: values{"bind": {":80", ":81"}}}},
		"a negative number":     {[]string{"-m", "-1"}, options{values: values{"umask": {"-1"}}}},
		"an empty value":        {[]string{"--access-logfile="}, options{values: values{"access_logfile": {""}}}},
		"gunicorn's spelling":   {[]string{"--limit-request-field_size", "5"}, options{values: values{"limit_request_field_size": {"5"}}}},
		"with dashes only":      {[]string{"--limit-request-field-size", "5"}, options{values: values{"limit_request_field_size": {"5"}}}},
		"a key of the file":     {[]string{"--head_size", "5"}, options{values: values{"head_size": {"5"}}}},
		"a file":                {[]string{"-c", "x.toml"}, options{file: "x.toml", values: values{}}},
		"check":                 {[]string{"check"}, options{command: commandCheck, values: values{}}},
		"check, all of it":      {[]string{"check", "--print", "-w", "2", "shop"}, options{command: commandCheck, printValues: true, values: values{"workers": {"2"}, "app": {"shop"}}}},
		"an option first":       {[]string{"--print", "check"}, options{command: commandCheck, printValues: true, values: values{}}},
		"an app named check":    {[]string{"check:app"}, options{values: values{"app": {"check:app"}}}},
		"check of check":        {[]string{"check", "check"}, options{command: commandCheck, values: values{"app": {"check"}}}},
		"compress":              {[]string{"compress", "a", "b"}, options{command: commandCompress, values: values{}, compression: compression{[]string{"a", "b"}, 1024, coding.All[:], false}}},
		"compress, some of it":  {[]string{"compress", "--min-size=2k", "dir", "-q", "--codings", "gzip,br"}, options{command: commandCompress, values: values{}, compression: compression{[]string{"dir"}, 2048, []coding.Coding{coding.Gzip, coding.Brotli}, true}}},
		"help for compress":     {[]string{"compress", "--help"}, options{command: commandHelp, values: values{}}},
		"completion":            {[]string{"completion", "zsh"}, options{command: commandCompletion, shell: "zsh", values: values{}}},
		"init":                  {[]string{"init"}, options{command: commandInit, initiation: initiation{dir: "."}, values: values{}}},
		"init elsewhere":        {[]string{"init", "shop", "--force"}, options{command: commandInit, initiation: initiation{dir: "shop", force: true}, values: values{}}},
		"init to look at":       {[]string{"init", "-"}, options{command: commandInit, initiation: initiation{dir: ".", stdout: true}, values: values{}}},
		"an app named init":     {[]string{"init:app"}, options{values: values{"app": {"init:app"}}}},
		"an app like init":      {[]string{"unit"}, options{values: values{"app": {"unit"}}}},
		"schema":                {[]string{"schema"}, options{command: commandSchema, values: values{}}},
		"help for schema":       {[]string{"schema", "-h"}, options{command: commandHelp, values: values{}}},
		"an app named man":      {[]string{"man:app"}, options{values: values{"app": {"man:app"}}}},
		"an app like man":       {[]string{"main"}, options{values: values{"app": {"main"}}}},
		"an app named compress": {[]string{"compress:app"}, options{values: values{"app": {"compress:app"}}}},
		"status":                {[]string{"status", "--json", "--admin", "unix:a"}, options{command: commandStatus, json: true, values: values{"admin": {"unix:a"}}}},
		"stacks of all":         {[]string{"stack"}, options{command: commandStack, values: values{}}},
		"stacks of a worker":    {[]string{"stack", "4711"}, options{command: commandStack, pid: 4711, values: values{}}},
		"an app named stop":     {[]string{"stop:app"}, options{values: values{"app": {"stop:app"}}}},
		"an app like a command": {[]string{"shop"}, options{values: values{"app": {"shop"}}}},
		"version":               {[]string{"version"}, options{command: commandVersion, values: values{}}},
		"--version":             {[]string{"--version"}, options{command: commandVersion, values: values{}}},
		"help":                  {[]string{"help"}, options{command: commandHelp, values: values{}}},
		"help for a command":    {[]string{"help", "check"}, options{command: commandHelp, values: values{}}},
		"--help":                {[]string{"check", "--help"}, options{command: commandHelp, values: values{}}},
		"-h":                    {[]string{"-h"}, options{command: commandHelp, values: values{}}},
		"switches":              {[]string{"--preload", "--no-interrupt", "shop"}, options{values: values{"preload": {"true"}, "interrupt": {"false"}, "app": {"shop"}}}},
		"switches with =":       {[]string{"--preload=false", "--interrupt=0"}, options{values: values{"preload": {"false"}, "interrupt": {"0"}}}},
		"a switch undone":       {[]string{"--preload", "--no-preload"}, options{values: values{"preload": {"true", "false"}}}},
		"the key of an option":  {[]string{"--reload_extra_files", "a", "--reload-extra-file=b"}, options{values: values{"reload_extra_files": {"a", "b"}}}},
		"after two dashes":      {[]string{"--", "shop"}, options{values: values{"app": {"shop"}}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := parseOptions(c.args)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestEverySettingHasItsOption(t *testing.T) {
	for _, setting := range config.Settings {
		if setting.Flag == "" {
			continue
		}
		args := []string{"--" + setting.Flag + "=1", "--" + setting.Key + "=1"}
		if setting.Short != "" {
			args = append(args, "-"+setting.Short+"=1")
		}
		got, err := parseOptions(args)
		require.NoError(t, err)
		assert.Len(t, got.values[setting.Key], len(args), setting.Key)
	}
}

// argumentsOf are words that the command needs, and takes.
func argumentsOf(command manual.Command) []string {
	switch {
	case command.Argument.Metavar == "" || command.Argument.Optional:
		return nil
	case len(command.Argument.Choices) > 0:
		return command.Argument.Choices[:1]
	default:
		return []string{"x"}
	}
}

func TestEachCommandTakesItsOptions(t *testing.T) {
	for _, command := range manual.Commands {
		for _, option := range command.All() {
			words := []string{"--" + option.Long}
			if option.Short != "" {
				words = append(words, "-"+option.Short)
			}
			for _, word := range words {
				if option.Value.Metavar != "" {
					word += "=" + cmp.Or(option.Default, "x")
				}
				got, err := parseOptions(append([]string{command.Name, word}, argumentsOf(command)...))
				require.NoError(t, err, "%s %s", command.Name, word)
				switch option.Long {
				case "help":
					assert.Equal(t, commandHelp, got.command)
				case "version":
				default:
					assert.Equal(t, command.Name, got.command)
				}
			}
		}
	}
}

// TestGunicornsCommandLine: it becomes one of forebay by changing the first word.
func TestGunicornsCommandLine(t *testing.T) {
	t.Chdir(t.TempDir())
	got, err := parseOptions([]string{
		"-b", "127.0.0.1:8000", "--bind=unix:gunicorn.sock", "-w", "4", "--threads", "8", "-t", "60", "--graceful-timeout", "20",
		"--keep-alive", "5", "--backlog", "512", "--chdir", ".", "--pythonpath", "lib,/opt/lib", "-e", "A=1", "--env", "B=2",
		"-u", "0", "-g", "0", "-m", "027", "-p", "shop.pid", "-n", "shop", "--forwarded-allow-ips", "127.0.0.1,::1",
		"--limit-request-line", "4094", "--limit-request-fields", "50", "--limit-request-field_size", "4096",
		"--log-level", "warning", "--access-logfile", "-", "--access-logformat", `%(h)s "%(r)s" %(s)s`, "--max-requests", "1000", "--max-requests-jitter", "50", "--preload", "--reload",
		"--reload-extra-file", "a.html", "--reload-extra-file", "b.html", "shop.wsgi:application",
	})
	require.NoError(t, err)
	reading, err := config.Read(config.Sources{Dir: t.TempDir(), Flags: got.values})
	require.NoError(t, err)
	assert.Equal(t, "shop.wsgi:application", reading.Config.App.Spec)
	assert.Equal(t, 4, reading.Config.Workers.Processes)
	assert.Equal(t, 0o27, reading.Config.Process.Umask)
	assert.Equal(t, 1000, reading.Config.Workers.MaxRequests)
	assert.True(t, reading.Config.Workers.Preload)
	assert.Len(t, reading.Config.Workers.ReloadExtraFiles, 2)
	assert.Len(t, reading.Origins, 28)
}
