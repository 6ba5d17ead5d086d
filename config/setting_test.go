package config

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// structKeys are the keys of Config's fields, by reflection.
func structKeys(t *testing.T) []string {
	t.Helper()
	var keys []string
	for part := range reflect.TypeFor[Config]().Fields() {
		if part.Type.Kind() == reflect.Slice {
			continue // the keys of entries have tests of their own
		}
		for field := range part.Type.Fields() {
			key := field.Tag.Get("key")
			require.NotEmpty(t, key, "%s.%s has no key", part.Name, field.Name)
			keys = append(keys, key)
		}
	}
	return keys
}

func TestEachFieldHasExactlyOneSetting(t *testing.T) {
	var keys []string
	for _, setting := range Settings {
		keys = append(keys, setting.Key)
	}
	assert.ElementsMatch(t, structKeys(t), keys)
}

func TestSettingsAreCompleteAndDistinct(t *testing.T) {
	seen := map[string]string{}
	claim := func(setting Setting, name string) {
		assert.Empty(t, seen[name], "%s is taken twice", name)
		seen[name] = setting.Key
	}
	for _, setting := range Settings {
		assert.Equal(t, setting.IsSwitch(), setting.Metavar == "", setting.Key)
		assert.NotEmpty(t, setting.Help, setting.Key)
		assert.False(t, strings.HasSuffix(setting.Help, "."), "help of %s ends with a full stop", setting.Key)
		assert.NotNil(t, setting.kind.parse, setting.Key)
		assert.NotNil(t, setting.kind.format, setting.Key)
		assert.False(t, clusterVariable.MatchString(setting.Variable()), "%s would be ignored", setting.Variable())
		if setting.Flag != "" {
			claim(setting, "--"+setting.Flag)
			letters := strings.NewReplacer("-", "", "_", "")
			key := letters.Replace(setting.Key)
			assert.Contains(t, []string{key, strings.TrimSuffix(key, "s")}, letters.Replace(setting.Flag))
		}
		if setting.Short != "" {
			claim(setting, "-"+setting.Short)
		}
	}
}

func TestGroupsStandTogether(t *testing.T) {
	var groups []string
	for _, setting := range Settings {
		if len(groups) == 0 || groups[len(groups)-1] != setting.Group {
			groups = append(groups, setting.Group)
		}
	}
	seen := map[string]bool{}
	for _, group := range groups {
		assert.False(t, seen[group], "%s stands in two places", group)
		seen[group] = true
	}
}

func TestDefaultsAreReadBackAsTheyAreShown(t *testing.T) {
	for _, setting := range Settings {
		if setting.IsList() {
			continue // an empty list has no text of its own; lists are read back below
		}
		var c Config
		require.NoError(t, setting.set(&c, []string{setting.Value(Default())}, "/base"), setting.Key)
		fresh := Default()
		assert.Equal(t, setting.field(&fresh).Interface(), setting.field(&c).Interface(), setting.Key)
	}
}

func TestListsAreShownWithCommas(t *testing.T) {
	c := Config{
		App:   App{Env: []string{"A=1", "B=2"}},
		Proxy: Proxy{Static: []Static{NewStatic("/static/", "/srv/static"), NewStatic("/media/", "/srv/media")}},
	}
	env, _ := Find("env")
	static, _ := Find("static")
	assert.Equal(t, "A=1,B=2", env.Value(c))
	assert.Equal(t, "/static/=/srv/static,/media/=/srv/media", static.Value(c))
}

func TestFindKnowsNothingElse(t *testing.T) {
	_, known := Find("wrokers")
	assert.False(t, known)
}

func TestGunicornsNamesAreNotOurs(t *testing.T) {
	for name := range gunicorn {
		_, known := Find(name)
		assert.False(t, known, "%s is a setting and needs no advice", name)
		assert.NotContains(t, name, "-")
	}
	for name, advice := range gunicorn {
		if key, found := strings.CutPrefix(advice, "it is called "); found {
			_, known := Find(strings.TrimSuffix(key, " here"))
			assert.True(t, known, "%s: %s", name, advice)
		}
	}
}

func TestClosest(t *testing.T) {
	words := []string{"workers", "bind", "pid", "timeout", "log_level", "keep_alive", "access_logfile"}
	cases := map[string]struct{ mistyped, want string }{
		"swapped letters":           {"wrokers", "workers"},
		"swapped in a short word":   {"bnid", "bind"},
		"a letter missing":          {"worker", "workers"},
		"a letter too many":         {"timeouut", "timeout"},
		"a dash forgotten":          {"keepalive", "keep_alive"},
		"several slips, long word":  {"acess_logfiel", "access_logfile"},
		"nothing near":              {"certificate", ""},
		"nothing in common":         {"xy", ""},
		"nothing typed":             {"", ""},
		"the word itself":           {"bind", "bind"},
		"letters outside of ASCII":  {"tïmeout", "timeout"},
		"far longer than all words": {strings.Repeat("x", 400), ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, Closest(c.mistyped, words)) })
	}
}
