package config

import (
	"cmp"
	"errors"
	"path/filepath"
)

// inherit takes over what gunicorn's file sets, if one is named. It comes before all other layers, and needs them: they
// name the file, and say how it is to be run. Relative paths in it start from the directory that gunicorn would be in.
func (r *Reading) inherit(sources Sources, start string, layers []layer) Faults {
	stronger := Reading{Config: Default(), Origins: map[string]Origin{}}
	for _, layer := range layers {
		_ = stronger.apply(layer) // its faults are found when it is its turn
	}
	app, origin := stronger.Config.App, stronger.Origins["from_gunicorn"]
	if app.FromGunicorn == "" || sources.RunGunicorn == nil {
		return nil
	}
	var faults Faults
	if err := checkFile(app.FromGunicorn); err != nil {
		faults.add("from_gunicorn", origin, "%v", err)
		return faults
	}
	file, err := sources.RunGunicorn(GunicornRun{
		Path: app.FromGunicorn, Names: GunicornNames(), Python: app.Python, Dir: cmp.Or(app.Chdir, start), Env: app.Env,
		Timeout: stronger.Config.Workers.BootTimeout,
	})
	if err != nil {
		faults.add("from_gunicorn", origin, "%v", err)
		return faults
	}
	file.Path = app.FromGunicorn
	r.Gunicorn, err = Inherit(file, shortPath(file.Path, sources.Dir), sources.Environ)
	errors.As(err, &faults)
	given := r.Gunicorn.given()
	from := resolve(startDir(given), start)
	return append(faults, r.apply(layer{given, cmp.Or(app.Chdir, from), start})...)
}

// given are the settings as those of other layers.
func (i Inherited) given() []given {
	var all []given
	for _, taken := range i.Taken {
		all = append(all, given{taken.Setting, taken.Texts, taken.Origin})
	}
	return all
}

// shortPath is a path as seen from dir, if it lies there.
func shortPath(path, dir string) string {
	if short, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(short) {
		return short
	}
	return path
}
