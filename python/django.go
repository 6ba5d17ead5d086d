package python

import "fmt"

// Django is what an application's Django settings say of files. Empty is what they do not say. Paths are absolute; URLs are as
// they were written.
type Django struct {
	StaticURL, StaticRoot string
	MediaURL, MediaRoot   string
	ScriptName            string // FORCE_SCRIPT_NAME
	Settings              string // the file that the settings stand in
}

// parseDjango reads that part of READY. It is nil where the worker was not asked.
func parseDjango(v any) (*Django, error) {
	if v == nil {
		return nil, nil
	}
	said, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: django is no dict", ErrMarshal)
	}
	d := &Django{}
	for key, into := range map[string]*string{
		"static_url": &d.StaticURL, "static_root": &d.StaticRoot, "media_url": &d.MediaURL, "media_root": &d.MediaRoot,
		"script_name": &d.ScriptName, "settings": &d.Settings,
	} {
		if *into, ok = said[key].(string); !ok {
			return nil, fmt.Errorf("%w: %s of django is no text", ErrMarshal, key)
		}
	}
	return d, nil
}
