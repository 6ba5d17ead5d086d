package peer

import "slices"

// kind is a peer that can be made, and what it is made of.
type kind struct {
	name string
	make func(name string, kit Kit) Peer
	// nginx stands before it.
	nginx bool
	// packages come from PyPI.
	packages []Package
	// files says that it serves files by itself.
	files bool
}

// kinds are all peers there are, in the order in which they are offered.
var kinds = []kind{
	{name: "forebay", make: newForebay, files: true},
	{name: "nginx+gunicorn", make: newNginxGunicorn, nginx: true, packages: []Package{gunicorn}, files: true},
	{name: "nginx+gunicorn-tuned", make: newNginxGunicornTuned, nginx: true, packages: []Package{gunicorn}, files: true},
	{name: "gunicorn", make: newGunicorn, packages: []Package{gunicorn}},
	{name: "nginx+uwsgi", make: newNginxUWSGI, nginx: true, packages: []Package{uwsgi}, files: true},
	{name: "uwsgi", make: newUWSGI, packages: []Package{uwsgi}, files: true},
	{name: "granian", make: newGranian, packages: []Package{granian}, files: true},
	{name: "granian-defaults", make: newGranianDefaults, packages: []Package{granian}, files: true},
	{name: "waitress", make: newWaitress, packages: []Package{{Name: "waitress"}}},
	{name: "cheroot", make: newCheroot, packages: []Package{{Name: "cheroot"}}},
	{name: "mod_wsgi", make: newModWSGI, packages: []Package{modWSGI}, files: true},
	{name: "bjoern", make: newBjoern, packages: []Package{bjoern}},
	{name: "fastwsgi", make: newFastWSGI, packages: []Package{fastwsgi}},
}

// Defaults are the peers that are compared where nothing is said.
var Defaults = []string{"forebay", "nginx+gunicorn", "nginx+gunicorn-tuned"}

// Names are the names of all peers there are.
func Names() []string {
	names := make([]string, 0, len(kinds))
	for _, kind := range kinds {
		names = append(names, kind.name)
	}
	return names
}

// kindOf is the kind of that name. Names are checked with the command line, so an unknown one is a broken invariant.
func kindOf(name string) kind {
	i := slices.IndexFunc(kinds, func(kind kind) bool { return kind.name == name })
	if i < 0 {
		panic("no peer is named " + name)
	}
	return kinds[i]
}

// ServesFiles reports whether the peer of that name serves files by itself.
func ServesFiles(name string) bool { return kindOf(name).files }
