package main

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	"forebay/cmd/project"
	"forebay/config"
)

// usualSettings are those that most people change, in the order in which a draft has them.
var usualSettings = []string{
	"bind", "forwarded_allow_ips", "workers", "threads", "preload", "max_requests", "timeout", "graceful_timeout", "queue_size",
	"body_size", "compress", "access_logfile", "log_level", "admin",
}

// draftWidth is how long the lines of a draft's comments are.
const draftWidth = 100

// draft is a forebay.toml for a project.
func draft(found project.Project) string {
	var d drafting
	d.comment("Made by forebay init. What is commented out is in force as it stands there; `forebay help` lists all settings, and " +
		"`forebay check --print` shows what is in force. For an editor that is to know them: `forebay schema >forebay.schema.json`, and " +
		"`#:schema ./forebay.schema.json` as the first line here.")
	d.application(found)
	for _, trace := range found.Gunicorn {
		d.gunicorn(trace)
	}
	for _, key := range usualSettings {
		setting, _ := config.Find(key) // a test looks for each of them
		d.off(setting.Help, setting.DefaultLine())
	}
	d.static(found)
	return d.text.String()
}

// drafting puts a draft together.
type drafting struct{ text strings.Builder }

// comment writes a paragraph that is a comment.
func (d *drafting) comment(text string) {
	if d.text.Len() > 0 {
		d.text.WriteString("\n")
	}
	for _, line := range wrap(text, draftWidth-2) {
		d.text.WriteString("# " + line + "\n")
	}
}

// on writes lines that count, below what they mean.
func (d *drafting) on(help string, lines ...string) {
	d.comment(help)
	d.text.WriteString(strings.Join(lines, "\n") + "\n")
}

// off writes lines that do not count yet.
func (d *drafting) off(help string, lines ...string) {
	d.on(help, "#"+strings.Join(lines, "\n#"))
}

func (d *drafting) application(found project.Project) {
	if found.App == "" {
		d.off("the WSGI application, MODULE:CALLABLE: none was found, and without it the demo application is served", `app = "shop:app"`)
	} else {
		d.on("the WSGI application, as "+found.From+" has it", "app = "+config.Quote(found.App))
	}
	if found.Chdir != "" {
		d.on("where its modules are", "chdir = "+config.Quote(found.Chdir))
	}
	if found.Kind == project.Django {
		setting, _ := config.Find("django")
		d.on(setting.Help+"; take it out where a view decides who may see an upload", "django = true")
	}
}

// gunicorn has a line for a configuration of gunicorn's. It counts only for who wants that: it is a program.
func (d *drafting) gunicorn(trace project.Trace) {
	if trace.Line == 0 {
		setting, _ := config.Find("from_gunicorn")
		d.off(setting.Help, "from_gunicorn = "+config.Quote(trace.File))
	}
}

// static has the tables, which stand at the end of a file.
func (d *drafting) static(found project.Project) {
	for _, static := range found.Static {
		d.on("files that are served without the application, from memory, compressed, with ranges and conditions",
			"[[static]]", "prefix = "+config.Quote(static.Prefix), "dir = "+config.Quote(static.Dir))
	}
	if len(found.Static) == 0 && found.Kind != project.Django {
		d.off("a directory of files that are served without the application; the README has what else may be said of them",
			"[[static]]", `prefix = "/static/"`, `dir = `+config.Quote(path.Join(cmp.Or(found.Chdir, "."), "static")))
	}
	d.off("what holds for requests below a path: a longer deadline, larger uploads, threads of their own",
		"[[path]]", `prefix = "/upload/"`, fmt.Sprintf("body_size = %q", "1GiB"))
}
