package config

import (
	"fmt"
	"regexp"
	"strings"
)

// A name is what Python's lexer takes as an identifier, near enough: the worker finds out the rest.
const (
	namePattern   = `[\p{L}_][\p{L}\p{N}_]*`
	dottedPattern = namePattern + `(\.` + namePattern + `)*`
)

var (
	moduleName   = regexp.MustCompile(`^` + dottedPattern + `$`)
	callableName = regexp.MustCompile(`(?s)^` + dottedPattern + `(\(.*\))?$`)
)

// checkSpec says what is wrong with MODULE[:CALLABLE]. CALLABLE is a dotted name, with a call's arguments if it is a
// factory.
func checkSpec(spec string) error {
	module, callable, named := strings.Cut(spec, ":")
	if !moduleName.MatchString(module) {
		return fmt.Errorf("want MODULE[:CALLABLE], such as shop.wsgi:app, not %q%s", spec, moduleHint(module))
	}
	if name, isFile := strings.CutSuffix(module, ".py"); isFile {
		return fmt.Errorf("want the name of a module, not of a file: did you mean %s?", name)
	}
	if named && !callableName.MatchString(callable) {
		return fmt.Errorf("want a name such as app, or a call such as create_app(), after %q, not %q", module+":", callable)
	}
	return nil
}

// moduleHint turns a path into the module that it probably means.
func moduleHint(path string) string {
	name := strings.ReplaceAll(strings.Trim(strings.TrimSuffix(path, ".py"), "./"), "/", ".")
	if strings.Contains(path, "/") && moduleName.MatchString(name) {
		return fmt.Sprintf(": did you mean %s?", name)
	}
	return ""
}
