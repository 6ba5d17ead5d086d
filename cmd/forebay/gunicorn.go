package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"forebay/config"
	"forebay/python"
	"forebay/workers"
)

// gunicornRunner returns what runs a configuration file of gunicorn's, as config asks for it. What the file prints goes to
// stderr.
func gunicornRunner(stderr io.Writer) func(config.GunicornRun) (config.GunicornFile, error) {
	return func(run config.GunicornRun) (config.GunicornFile, error) {
		interpreter, err := findPython(run.Python, run.Dir)
		if err != nil {
			return config.GunicornFile{}, err
		}
		ctx, stop := context.WithTimeout(context.Background(), run.Timeout)
		defer stop()
		report, err := workers.Ask(ctx, workers.Question{
			Python: interpreter, Program: python.GunicornProgram(), Args: []string{run.Path, strings.Join(run.Names, ",")},
			Dir: run.Dir, Env: append(withoutToken(os.Environ()), run.Env...), Output: stderr,
		})
		if err != nil {
			return config.GunicornFile{}, err
		}
		file, err := python.ParseGunicorn(report)
		if file.Fault != "" {
			file.Fault += " (run by " + interpreter + ")"
		}
		return file, err
	}
}

// wantApp refuses to serve the demo application to those who wait for the one that gunicorn has served.
func wantApp(reading config.Reading) error {
	if file := reading.Gunicorn.File; file != "" && reading.Config.App.Spec == "" {
		return fmt.Errorf("want an application: %s has no wsgi_app, so name it as gunicorn's command line does: forebay --from-gunicorn %s MODULE:CALLABLE",
			file, file)
	}
	return nil
}

// writeInherited tells what became of gunicorn's file.
func writeInherited(stdout io.Writer, reading config.Reading) {
	from := reading.Gunicorn
	if from.File == "" {
		return
	}
	var taken []string
	for _, t := range from.Taken {
		text := t.Name
		if t.Setting.Key != t.Name {
			text = fmt.Sprintf("%s (%s)", t.Setting.Key, t.Name)
		}
		if reading.Origins[t.Setting.Key].Layer != config.LayerGunicorn {
			text += " (but " + reading.Origins[t.Setting.Key].String() + " says otherwise)"
		}
		taken = append(taken, text)
	}
	fmt.Fprintf(stdout, "taken from %s: %s\n", from.File, strings.Join(taken, ", "))
	for _, remark := range notesInForce(reading) {
		writeRemark(stdout, "note", remark)
	}
	for _, remark := range from.Ignored {
		writeRemark(stdout, "ignored", remark)
	}
	var others []string
	for _, remark := range from.Unknown {
		if remark.Text == "" {
			others = append(others, remark.Name)
			continue
		}
		writeRemark(stdout, "unknown", remark)
	}
	if len(others) > 0 {
		fmt.Fprintf(stdout, "no settings of gunicorn's: %s\n", strings.Join(others, ", "))
	}
}

func writeRemark(stdout io.Writer, kind string, remark config.Remark) {
	fmt.Fprintf(stdout, "%s: %s: %s: %s\n", kind, remark.Origin, remark.Name, remark.Text)
}

// notesInForce are the notes about values that no stronger layer replaces.
func notesInForce(reading config.Reading) []config.Remark {
	return slices.DeleteFunc(slices.Clone(reading.Gunicorn.Notes), func(note config.Remark) bool {
		return reading.Origins[note.Key].Layer != config.LayerGunicorn
	})
}

// gunicornArgs is the variable that gunicorn takes further options from.
const gunicornArgs = "GUNICORN_CMD_ARGS"

const argsIgnored = gunicornArgs + ": it is gunicorn's command line; each option of it is one of forebay's, or a variable: FOREBAY_WORKERS=4"

// hasGunicornArgs says whether somebody may wonder why it has no effect.
func hasGunicornArgs(environ []string) bool {
	return slices.ContainsFunc(environ, func(pair string) bool { return strings.HasPrefix(pair, gunicornArgs+"=") })
}

// writeGunicornHints tells of what gunicorn would read by itself, and forebay does not.
func writeGunicornHints(stdout io.Writer, sources config.Sources, reading config.Reading) {
	if hasGunicornArgs(sources.Environ) {
		fmt.Fprintf(stdout, "ignored: %s\n", argsIgnored)
	}
	const usual = "gunicorn.conf.py"
	dir := reading.Config.App.Chdir
	if dir == "" {
		dir = sources.Dir
	}
	if _, err := os.Stat(filepath.Join(dir, usual)); err == nil && reading.Config.App.FromGunicorn == "" {
		fmt.Fprintf(stdout, "not read: %s, unless it is named: --from-gunicorn %s\n", usual, usual)
	}
}

// logInherited says in one line what of gunicorn's file does not count, and warns of what may matter to strangers.
func (s *server) logInherited(reading config.Reading) {
	if hasGunicornArgs(s.sources.Environ) {
		s.log.Warn("variable ignored", "error", argsIgnored)
	}
	from := reading.Gunicorn
	for _, remark := range slices.Concat(notesInForce(reading), from.Ignored) {
		if remark.Grave {
			s.log.Warn("setting of gunicorn's to be looked at", "setting", remark.Name, "place", remark.Origin, "reason", remark.Text)
		}
	}
	var names []string
	for _, remark := range from.Ignored {
		names = append(names, remark.Name)
	}
	if len(names) > 0 {
		s.log.Info("settings of gunicorn's are ignored, forebay check says why", "file", from.File, "settings", strings.Join(names, " "))
	}
}
