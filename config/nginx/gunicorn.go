package nginx

import (
	"slices"
	"strings"

	"forebay/config"
)

// betweenThem are settings of gunicorn's that were about nginx, which was the only one to ask it.
var betweenThem = map[string]string{
	"bind":                "nginx asked gunicorn there, and forebay is both",
	"keep_alive":          "it was about connections between nginx and gunicorn",
	"forwarded_allow_ips": "it was about nginx: forebay sees clients itself",
	"proxy_protocol_from": "it was about nginx",
}

// inherit takes gunicorn's settings over. What nginx has said to clients counts before what gunicorn said to nginx.
func (m *migration) inherit(from *config.Inherited, behind bool) {
	for _, taken := range from.Taken {
		key := taken.Setting.Key
		at := place{taken.Origin.Name, taken.Origin.Line}
		had := m.find(key)
		switch {
		case behind && betweenThem[key] != "":
			m.left = append(m.left, remark{groupOwn, at, taken.Name, betweenThem[key]})
		case had != nil && !had.asleep:
			m.left = append(m.left, remark{groupNeeded, at, taken.Name, "it is " + taken.Setting.TOML(taken.Texts) + " there, and nginx's counts: " + key + " = " + had.value})
		default:
			m.inheritOne(taken, notesOn(from, key))
		}
	}
	for _, note := range from.Notes {
		if note.Grave && !behind {
			m.left = append(m.left, remark{groupGrave, place{note.Origin.Name, note.Origin.Line}, note.Name, note.Text})
		}
	}
	for _, ignored := range slices.Concat(from.Ignored, from.Unknown) {
		g := groupGone
		switch {
		case ignored.Text == "":
			continue // its own variables
		case ignored.Grave:
			g = groupGrave
		case strings.HasPrefix(ignored.Text, "not needed"):
			g = groupOwn
		}
		m.left = append(m.left, remark{g, place{ignored.Origin.Name, ignored.Origin.Line}, ignored.Name, ignored.Text})
	}
}

func (m *migration) inheritOne(taken config.Inheritance, notes []string) {
	comment := taken.Origin.String() + ": " + taken.Name
	if taken.Name == "workers" {
		comment += ", as it came out on this machine"
	}
	m.settings = slices.DeleteFunc(m.settings, func(s *setting) bool { return s.key == taken.Setting.Key }) // a suggestion
	m.set(taken.Setting.Key, taken.Setting.TOML(taken.Texts), append([]string{comment}, notes...)...)
}

// notesOn are what there is to know about a setting.
func notesOn(from *config.Inherited, key string) []string {
	var notes []string
	for _, note := range from.Notes {
		if note.Key == key {
			notes = append(notes, note.Text)
		}
	}
	return notes
}
