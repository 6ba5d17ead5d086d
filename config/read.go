package config

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Sources are what a configuration is read from, besides the defaults.
type Sources struct {
	// Dir is the current directory, as an absolute path.
	Dir string
	// File is the file that the command line names. If it is empty, forebay.toml is looked for, then [tool.forebay] in
	// pyproject.toml, both in the start directory: chdir if flag or environment name it, else Dir.
	File string
	// Text stands for what is in that file, if it is not nil: it need not be there.
	Text []byte
	// Environ is the environment, as os.Environ returns it.
	Environ []string
	// Flags are the texts that the command line gives each key, in order.
	Flags map[string][]string
	// RunGunicorn runs the file that from_gunicorn names, and tells what it sets. If it is nil that file does not count.
	RunGunicorn func(GunicornRun) (GunicornFile, error)
}

// Reading is a configuration with the place that each of its values comes from.
type Reading struct {
	Config Config
	// Origins are by key; a key that is missing has its default. For the keys of Config.Paths and Config.Limits
	// see their method Said.
	Origins map[string]Origin
	// File is the file that was read, as messages name it. It is empty if there was none.
	File string
	// Gunicorn is what became of the file that from_gunicorn names.
	Gunicorn Inherited
}

// given is a setting with the texts that one layer gives it.
type given struct {
	setting Setting
	texts   []string
	origin  Origin
}

// Read puts the layers together and checks the result. The error is of type Faults and holds everything that is wrong
// in any layer; the configuration must not be used then.
//
// Relative paths start from the directory of the file that they stand in, and from the start directory in flags and
// environment, so that a command line with --chdir means what it means to gunicorn.
func Read(sources Sources) (Reading, error) {
	reading := Reading{Config: Default(), Origins: map[string]Origin{}}
	fromEnviron, faults := environSettings(sources.Environ)
	fromFlags := flagSettings(sources.Flags)
	start := startDir(fromEnviron, fromFlags)

	found, fileFaults := sources.readFile(start)
	fromFile, valueFaults := found.settings()
	faults = append(append(faults, fileFaults...), valueFaults...)
	reading.File = found.name

	startPath := resolve(start, sources.Dir)
	layers := []layer{{fromFile, found.dir, found.dir}, {fromEnviron, startPath, sources.Dir}, {fromFlags, startPath, sources.Dir}}
	faults = append(faults, reading.inherit(sources, startPath, layers)...)
	faults = append(faults, reading.applyPaths(&found)...)
	faults = append(faults, reading.applyLimits(&found)...)
	for i, layer := range layers {
		faults = append(faults, reading.apply(layer)...)
		if i == 0 {
			faults = append(faults, reading.applyStatic(&found)...)
		}
	}

	faults = append(faults, reading.invalid()...)
	faults.sort()
	return reading, faults.err()
}

// flagSettings are the settings that the command line gives.
func flagSettings(flags map[string][]string) []given {
	var all []given
	for _, setting := range Settings {
		texts := flags[setting.Key]
		if len(texts) == 0 {
			continue
		}
		name := "--" + setting.Flag
		switch {
		case setting.Flag == "":
			name = "argument"
		case setting.IsSwitch() && texts[len(texts)-1] == "false":
			name = "--no-" + setting.Flag
		}
		if setting.kind.commas {
			texts = splitAll(setting, texts)
		}
		all = append(all, given{setting, texts, Origin{Layer: LayerFlag, Name: name}})
	}
	return all
}

func splitAll(setting Setting, texts []string) []string {
	var all []string
	for _, text := range texts {
		all = append(all, setting.split(text)...)
	}
	return all
}

// startDir is the chdir of the last layer that gives one, as it was written; "." without any.
func startDir(layers ...[]given) string {
	start := ""
	for _, layer := range layers {
		for _, given := range layer {
			if given.setting.Key == "chdir" {
				start = given.texts[len(given.texts)-1]
			}
		}
	}
	return cmp.Or(start, ".")
}

// readFile reads the file that is named, or else the first that is found in the start directory. The name in messages
// stays as short as what the operator wrote.
func (s Sources) readFile(start string) (file, Faults) {
	if s.Text != nil {
		f := file{name: s.File, dir: s.Dir}
		_, faults := f.take(s.Text, nil)
		return f, faults
	}
	if s.File != "" {
		f, found, faults := readFile(s.File, resolve(s.File, s.Dir))
		if !found && len(faults) == 0 {
			faults.add("", f.origin(""), "there is no [tool.forebay] in it")
		}
		return f, faults
	}
	for _, name := range []string{fileName, projectName} {
		path := filepath.Join(start, name)
		if _, err := os.Stat(resolve(path, s.Dir)); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if f, found, faults := readFile(path, resolve(path, s.Dir)); found || len(faults) > 0 {
			return f, faults
		}
	}
	return file{}, nil
}

// layer is what one source gives. dir is where its relative paths start, chdirFrom where that of chdir itself does.
type layer struct {
	settings       []given
	dir, chdirFrom string
}

// apply sets what one layer gives.
func (r *Reading) apply(layer layer) Faults {
	var faults Faults
	for _, given := range layer.settings {
		from := layer.dir
		if given.setting.Key == "chdir" {
			from = layer.chdirFrom
		}
		if err := given.setting.set(&r.Config, given.texts, from); err != nil {
			faults.add(given.setting.Key, given.origin, "%v", err)
			continue
		}
		r.Origins[given.setting.Key] = given.origin
	}
	return faults
}

// invalid are the faults that Validate finds, with their origins. Where a default does not go with what was given, the
// origin is the given one's.
func (r *Reading) invalid() Faults {
	var faults Faults
	if !errors.As(r.Config.Validate(), &faults) {
		return nil
	}
	for i, fault := range faults {
		origin, given := r.Origins[fault.Key]
		if !given {
			origin = r.Origins[fault.with]
		}
		faults[i].Origin = origin
	}
	return faults
}
