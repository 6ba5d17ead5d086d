package config

import (
	"regexp"
	"slices"
	"strings"
)

// variablePrefix begins the name of each variable that is read.
const variablePrefix = "FOREBAY_"

// clusterVariable are the variables that Kubernetes and Docker put into each container for a service whose name begins
// with "forebay". They are nobody's settings.
var clusterVariable = regexp.MustCompile(
	`^FOREBAY_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

// environSettings are the settings that the environment gives, sorted by name: its own order means nothing.
func environSettings(environ []string) ([]given, Faults) {
	var all []given
	var faults Faults
	for _, pair := range slices.Sorted(slices.Values(environ)) {
		name, text, _ := strings.Cut(pair, "=")
		key, ours := strings.CutPrefix(name, variablePrefix)
		if !ours || clusterVariable.MatchString(name) {
			continue
		}
		origin := Origin{Layer: LayerEnvironment, Name: name}
		setting, known := Find(strings.ToLower(key))
		if !known || setting.Variable() != name {
			faults.add("", origin, "unknown variable%s", variableHint(name))
			continue
		}
		texts := []string{text}
		if setting.IsList() {
			texts = setting.split(text)
		}
		all = append(all, given{setting, texts, origin})
	}
	return all, faults
}

// variableHint ends the report of an unknown variable.
func variableHint(name string) string {
	if advice := Advice(strings.ToLower(strings.TrimPrefix(name, variablePrefix))); advice != "" {
		return ": " + advice
	}
	var names []string
	for _, setting := range Settings {
		names = append(names, strings.TrimPrefix(setting.Variable(), variablePrefix))
	}
	if near := Closest(strings.ToUpper(strings.TrimPrefix(name, variablePrefix)), names); near != "" {
		return ": did you mean " + variablePrefix + near + "?"
	}
	return ""
}
