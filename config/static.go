package config

import "reflect"

// parseStatic reads PREFIX=DIR.
func parseStatic(text, dir string) (any, error) {
	prefix, path, err := cutMapping(text, "/static/=public")
	if err != nil {
		return nil, err
	}
	return Static{Prefix: prefix, Dir: resolve(path, dir)}, nil
}

func formatStatic(value reflect.Value) string {
	static := value.Interface().(Static)
	return static.Prefix + "=" + static.Dir
}
