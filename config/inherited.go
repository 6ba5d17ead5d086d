package config

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Inherited is what became of the settings in a file of gunicorn's.
type Inherited struct {
	// File is the file as messages name it. It is empty if there is none.
	File string
	// Taken are the settings that were taken over, in the order of Settings.
	Taken []Inheritance
	// Notes are about differences in what they mean.
	Notes []Remark
	// Ignored are those that were not, each with its reason.
	Ignored []Remark
	// Unknown are further names, which gunicorn ignores, too. Those that look like a mistyped setting say so.
	Unknown []Remark
}

// Inheritance is a setting that was taken over.
type Inheritance struct {
	Setting Setting
	// Name is that of gunicorn's setting, or of the variable that gunicorn reads where its file says nothing.
	Name string
	// Texts are what the setting is given, as a file's text or the elements of an array would be.
	Texts  []string
	Origin Origin
}

// Remark is something to know about one setting of gunicorn's.
type Remark struct {
	Name   string
	Origin Origin
	// Text is the reason, or the difference.
	Text string
	// Key is the setting of ours that it is about. Where another layer has set that, the remark is of no use.
	Key string
	// Grave is for what lets others see or do more than before.
	Grave bool
}

// Inherit makes settings of ours of what a file sets, which messages call name. environ is what gunicorn's own defaults
// come from. The error is of type Faults.
func Inherit(file GunicornFile, name string, environ []string) (Inherited, error) {
	h := heir{file: file, Inherited: Inherited{File: name}}
	if file.Fault != "" {
		h.faults.add("", h.at(file.FaultLine), "%s", file.Fault)
		return h.Inherited, h.faults.err()
	}
	for _, name := range slices.Sorted(maps.Keys(file.Settings)) {
		h.take(name, file.Settings[name])
	}
	h.takeHooks()
	h.takeEnvironment(environ)
	h.chooseThreads()
	h.listOthers()
	slices.SortStableFunc(h.Taken, func(a, b Inheritance) int { return placeOf(a.Setting.Key) - placeOf(b.Setting.Key) })
	for _, remarks := range [][]Remark{h.Notes, h.Ignored, h.Unknown} {
		slices.SortStableFunc(remarks, func(a, b Remark) int { return a.Origin.Line - b.Origin.Line })
	}
	return h.Inherited, h.faults.err()
}

// placeOf is where a setting stands among all.
func placeOf(key string) int {
	return slices.IndexFunc(Settings, func(s Setting) bool { return s.Key == key })
}

// GunicornNames are the names that Inherit looks for in a file.
func GunicornNames() []string {
	names := slices.Clone(gunicornSame)
	names = slices.AppendSeq(names, maps.Keys(gunicornRenamed))
	for name := range gunicorn {
		if len(name) > 1 { // else it is an option
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// heir is what inherits.
type heir struct {
	Inherited
	file   GunicornFile
	faults Faults
}

// at is the origin of what stands on a line.
func (h *heir) at(line int) Origin { return Origin{Layer: LayerGunicorn, Name: h.File, Line: line} }

func (h *heir) note(key, name string, line int, text string) {
	h.Notes = append(h.Notes, Remark{Name: name, Origin: h.at(line), Text: text, Key: key})
}

func (h *heir) ignore(name string, line int, text string) {
	h.Ignored = append(h.Ignored, Remark{Name: name, Origin: h.at(line), Text: text, Grave: text == noTLS && name == "certfile"})
}

// give takes a setting over.
func (h *heir) give(key, name string, line int, texts ...string) {
	setting, known := Find(key)
	if !known {
		panic("no setting has the key " + key) // a test gives all of them
	}
	h.Taken = append(h.Taken, Inheritance{setting, name, texts, h.at(line)})
}

// gives says whether a setting was taken over already.
func (h *heir) gives(key string) bool {
	return slices.ContainsFunc(h.Taken, func(t Inheritance) bool { return t.Setting.Key == key })
}

// take decides about one setting of gunicorn's.
func (h *heir) take(name string, value GunicornValue) {
	special, isSpecial := gunicornSpecial[name]
	key, renamed := gunicornRenamed[name]
	if slices.Contains(gunicornSame, name) {
		key = name
	}
	switch {
	case isSpecial:
		special(h, name, value)
	case value.Value == nil: // as if it were not said
	case key != "" || renamed:
		h.takeAs(key, name, value)
	case !saysNothing(value.Value):
		h.ignore(name, value.Line, gunicorn[name])
	}
}

// takeAs takes a setting over under its key.
func (h *heir) takeAs(key, name string, value GunicornValue) {
	setting, _ := Find(key)
	texts, err := setting.texts(setting.likeTOML(value.Value))
	if err == nil && len(texts) > 0 && !setting.kind.mapping {
		err = setting.set(new(Default()), texts, "/") // a fault has the name that the file has
	}
	if err != nil {
		h.faults.add(name, h.at(value.Line), "%v", err)
		return
	}
	h.give(key, name, value.Line, texts...)
}

// likeTOML is a value of Python's as a TOML file would have it: gunicorn makes numbers of text and texts of numbers.
func (s Setting) likeTOML(value any) any {
	switch value := value.(type) {
	case GunicornObject:
		return "a " + value.Type // which no setting takes, and the fault says so
	case float64:
		if s.field(&Config{}).Kind() == reflect.Int { // multiprocessing.cpu_count() / 2
			return int64(value)
		}
	case int64:
		if !s.kind.number {
			return strconv.FormatInt(value, 10)
		}
	case bool:
		if !s.kind.truth {
			return "True"
		}
	case string:
		return strings.TrimSpace(value)
	}
	return value
}

// saysNothing is true for a value that leaves a setting off.
func saysNothing(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case bool:
		return !value
	case int64:
		return value == 0
	case string:
		return value == "" || value == "-" // errorlog = "-": it goes to stderr anyhow
	case []any:
		return len(value) == 0
	}
	return false
}

// takeHooks looks at the functions.
func (h *heir) takeHooks() {
	var called []string
	for _, name := range slices.Sorted(maps.Keys(h.file.Functions)) {
		if slices.Contains(HookNames, name) {
			called = append(called, name)
		} else {
			h.ignore(name, h.file.Functions[name], gunicorn[name])
		}
	}
	if len(called) > 0 {
		h.give("hooks", strings.Join(called, ", "), h.file.Functions[called[0]], h.file.Path)
	}
}

// HookNames are the functions that the workers call.
var HookNames = []string{"post_fork", "when_ready", "worker_exit"}

// gunicornVariables are what gunicorn takes from the environment where its file says nothing.
var gunicornVariables = []struct{ variable, key, name string }{
	{"PORT", "bind", "bind"},
	{"WEB_CONCURRENCY", "workers", "workers"},
	{"FORWARDED_ALLOW_IPS", "forwarded_allow_ips", "forwarded_allow_ips"},
	{"SCRIPT_NAME", "script_name", "root_path"},
}

func (h *heir) takeEnvironment(environ []string) {
	for _, v := range gunicornVariables {
		for _, pair := range environ {
			text, found := strings.CutPrefix(pair, v.variable+"=")
			if !found || text == "" || h.gives(v.key) {
				continue
			}
			if v.variable == "PORT" {
				text = "0.0.0.0:" + text
			}
			setting, _ := Find(v.key)
			texts := []string{text}
			if setting.kind.commas {
				texts = setting.split(text)
			}
			h.Taken = append(h.Taken, Inheritance{setting, v.variable, texts, Origin{Layer: LayerGunicorn, Name: v.variable}})
		}
	}
}

// listOthers names what is no setting of gunicorn's.
func (h *heir) listOthers() {
	names := GunicornNames()
	for _, name := range slices.Sorted(maps.Keys(h.file.Others)) {
		text := ""
		if near := Closest(name, names); near != "" {
			text = "did you mean " + near + "?"
		}
		h.Unknown = append(h.Unknown, Remark{Name: name, Origin: h.at(h.file.Others[name]), Text: text})
	}
}
