package compare

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func names(scenarios []scenario) []string {
	var all []string
	for _, s := range scenarios {
		all = append(all, s.Name())
	}
	return all
}

func TestScenariosAreReadAndGrouped(t *testing.T) {
	got, err := parseScenarios("static-1k,hello@8,json/close10,hello,hello@64,hello/wrk,json@512/close")
	require.NoError(t, err)
	assert.Equal(t, []string{"hello@8", "hello@64", "hello@64/wrk", "json@64/close10", "json@512/close", "static-1k@64"}, names(got))
	assert.Equal(t, 10, got[3].perConnection)
	assert.Equal(t, "10 KiB of JSON, made for each request; 512 connections, closed after every request", got[4].Says())
	assert.NotEqual(t, got[0].group(), got[5].group(), "files are another thing, though the application is the same")
	other, err := parseScenario("hello/session")
	require.NoError(t, err)
	assert.NotEqual(t, got[1].group(), other.group(), "its peers have to be started anew")
	assert.Equal(t, "the least that an application can do; 64 connections, where each server has a session of its own", other.Says())
	these, others := split(got, got[0].group())
	assert.Equal(t, names(got[:3]), names(these))
	assert.Equal(t, names(got[3:]), names(others))
}

func TestSetsAreLists(t *testing.T) {
	for set := range sets {
		got, err := parseScenarios(set)
		require.NoError(t, err, set)
		assert.NotEmpty(t, got)
	}
	got, err := parseScenarios("all")
	require.NoError(t, err)
	assert.Len(t, got, len(applications)*6)
	got, err = parseScenarios("quick,flask")
	require.NoError(t, err)
	assert.Equal(t, []string{"hello@64", "flask@64", "django@8", "static-1k@8"}, names(got))
}

func TestScenariosThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		"":            `no application is named ""`,
		"perl":        `no application is named "perl"`,
		"hello@0":     "from 1 to 4096",
		"hello@many":  "from 1 to 4096",
		"hello/fast":  "close, close10, session or wrk",
		"mixed/wrk":   "only asks for one path",
		"echo@64/wrk": "only asks for one path",
	} {
		_, err := parseScenarios(text)
		assert.ErrorContains(t, err, want, text)
	}
}

func TestOnlyTheUsualWayIsRated(t *testing.T) {
	for text, want := range map[string]bool{
		"hello": true, "hello@8": false, "hello@1": false, "hello@512": false, "hello/close": false, "hello/wrk": false, "large": false,
	} {
		s, err := parseScenario(text)
		require.NoError(t, err)
		assert.Equal(t, want, s.isRated(), text)
	}
}

func TestFivePercentOfTheMixedRequestsAreSlow(t *testing.T) {
	requests := mixed()
	slow := 0
	for _, r := range requests {
		if r.Aside {
			assert.Equal(t, "/slow", r.Path)
			slow++
		}
	}
	assert.Len(t, requests, 20*slow)
}
