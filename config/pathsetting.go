package config

import (
	"fmt"
	"iter"
	"reflect"
	"strings"
)

// pathKey is the key of the tables for path prefixes in a file.
const pathKey = "path"

// pathSettings are what a [[path]] may say. The keys are those of Path's fields; what there is for all requests as well is
// read and checked in the same way.
var pathSettings = []Setting{
	{Key: "prefix", Metavar: "PATH", Help: "whose requests: the decoded path begins so, in whole segments", kind: textKind.like(prefixPattern)},
	forPath("body_size"),
	forPath("body_timeout"),
	forPath("body_min_rate"),
	forPath("timeout"),
	forPath("queue_size").saying("requests of this prefix that may wait for a thread; further ones are answered 503"),
	forPath("queue_timeout"),
	{Key: "slots", Metavar: "N", Help: "threads that may run requests of this prefix at once; 0 is no limit", kind: countKind},
	{Key: "reserve", Metavar: "N", Help: "threads that are kept for requests of this prefix", kind: countKind},
}

// forPath is the setting for all requests, without what makes it an option.
func forPath(key string) Setting {
	all, known := Find(key)
	if !known {
		panic(fmt.Sprintf("no setting has the key %q", key)) // the first test to run would find it
	}
	return Setting{Key: all.Key, Metavar: all.Metavar, Help: all.Help, kind: all.kind}
}

// saying is s with another help.
func (s Setting) saying(help string) Setting {
	s.Help = help
	return s
}

// pathHint ends the report of an unknown key.
func pathHint(key string) string {
	keys := keysOf(pathSettings)
	_, forAll := Find(key)
	near := Closest(strings.ReplaceAll(key, "-", "_"), keys)
	switch {
	case forAll || Advice(key) != "":
		return "it is not for single paths: what is for all requests stands above the first [[path]]"
	case near != "":
		return "did you mean " + near + "?"
	default:
		return "a [[path]] has " + strings.Join(keys, ", ")
	}
}

// Said are the keys and values of what p says, in the order of the documentation. The keys are those of Reading's Origins.
func (p Path) Said() iter.Seq2[string, string] {
	return func(yield func(key, value string) bool) {
		for setting, field := range p.said() {
			if !yield(p.key(setting.Key), setting.kind.format(field)) {
				return
			}
		}
	}
}

// said are the settings of p that are in force, with their fields.
func (p Path) said() iter.Seq2[Setting, reflect.Value] {
	return func(yield func(Setting, reflect.Value) bool) {
		for _, setting := range pathSettings {
			field := p.field(setting.Key)
			if field.IsZero() && setting.Key != "prefix" {
				continue
			}
			if !yield(setting, reflect.Indirect(field)) {
				return
			}
		}
	}
}

// key is what origins and faults call a setting of p.
func (p Path) key(name string) string { return fmt.Sprintf("%s %q: %s", pathKey, p.Prefix, name) }

// set gives p the setting's value.
func (p *Path) set(setting Setting, text string) error {
	field := p.field(setting.Key)
	if field.Kind() != reflect.Pointer {
		return setting.parse(field, text, "")
	}
	value := reflect.New(field.Type().Elem())
	if err := setting.parse(value.Elem(), text, ""); err != nil {
		return err
	}
	field.Set(value)
	return nil
}

// field is the field of p whose tag is key.
func (p *Path) field(key string) reflect.Value { return fieldOf(p, key) }
