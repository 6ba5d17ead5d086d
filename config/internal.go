package config

import "reflect"

// parseInternal reads PREFIX=DIR.
func parseInternal(text, dir string) (any, error) {
	prefix, path, err := cutMapping(text, "/protected/=files")
	if err != nil {
		return nil, err
	}
	return Internal{Prefix: prefix, Dir: resolve(path, dir)}, nil
}

func formatInternal(value reflect.Value) string {
	internal := value.Interface().(Internal)
	return internal.Prefix + "=" + internal.Dir
}
