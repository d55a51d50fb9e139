package sandbox

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"echogate/protocol"
)

//go:embed default.yml
var defaultFile string

// Default is the built-in world, default.yml: the bot 10001, six users from 20001 on, groups 30001 to 30003.
func Default(opts ...Option) *World {
	w, err := Load(strings.NewReader(defaultFile), opts...)
	if err != nil {
		// The file is part of the program and loaded by its tests.
		panic(fmt.Sprintf("load default.yml: %v", err))
	}
	return w
}

// Load reads a world file; default.yml shows every key. An unknown or doubled key, a value of the wrong type, an
// account whose number no client could log in with, a number that refers to nothing and a group without exactly one
// owner are errors that name the place, such as "groups[0].members[2].user_id".
func Load(r io.Reader, opts ...Option) (*World, error) {
	w := &World{
		now:      time.Now,
		accounts: make(map[protocol.UserID]protocol.User),
		friends:  make(map[protocol.UserID]map[protocol.UserID]string),
		groups:   make(map[protocol.GroupID]*group),
		chats:    make(map[pair]*privateChat),
	}
	for _, opt := range opts {
		opt(w)
	}
	decoder := yaml.NewDecoder(r)
	var document, more yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, errors.New("read world: the file is empty")
	} else if err != nil {
		return nil, fmt.Errorf("read world: %w", err)
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("read world: the file holds more than one document")
	}
	if err := w.load(place{node: document.Content[0]}); err != nil {
		return nil, fmt.Errorf("read world: %w", err)
	}
	return w, nil
}

// load reads the parts in an order in which every number that is referred to is known.
func (w *World) load(root place) error {
	keys, err := root.mapping("bot", "accounts", "groups")
	if err != nil {
		return err
	}
	accounts, err := keys["accounts"].sequence()
	if err != nil {
		return err
	}
	lists := make([]friendList, len(accounts))
	for i, p := range accounts {
		if lists[i], err = w.loadAccount(p); err != nil {
			return err
		}
	}
	for _, list := range lists {
		if err := w.loadFriends(list); err != nil {
			return err
		}
	}
	if w.bot, err = w.reference(keys["bot"]); err != nil {
		return err
	}
	groups, err := keys["groups"].sequence()
	if err != nil {
		return err
	}
	for _, p := range groups {
		if err := w.loadGroup(p); err != nil {
			return err
		}
	}
	return nil
}

// friendList is the part of an account that can be read only when all accounts are known.
type friendList struct {
	owner   protocol.UserID
	friends place
}

func (w *World) loadAccount(p place) (friendList, error) {
	keys, err := p.mapping("user_id", "nickname", "sex", "age", "level", "qid", "sign", "login_days", "vip", "friends")
	if err != nil {
		return friendList{}, err
	}
	var u protocol.User
	err = first(
		keys["user_id"].user(&u.UserID),
		keys["nickname"].name(&u.Nickname, true),
		keys["sex"].sex(&u.Sex),
		number(keys["age"], &u.Age, 0, 255),
		number(keys["level"], &u.Level, 0, 255),
		keys["qid"].text(&u.QID),
		keys["sign"].text(&u.Sign),
		number(keys["login_days"], &u.LoginDays, 0, maxID),
		keys["vip"].text(&u.VIPLevel),
	)
	if err != nil {
		return friendList{}, err
	}
	if _, double := w.accounts[u.UserID]; double {
		return friendList{}, keys["user_id"].errorf("account %d exists already", u.UserID)
	}
	w.accounts[u.UserID] = u
	return friendList{owner: u.UserID, friends: keys["friends"]}, nil
}

// loadFriends reads one account's friends, number: remark. A friendship holds for both, whoever's entry states it.
func (w *World) loadFriends(list friendList) error {
	entries, err := list.friends.entries()
	if err != nil {
		return err
	}
	for _, e := range entries {
		friend, err := w.reference(e.key)
		if err != nil {
			return err
		}
		if friend == list.owner {
			return e.key.errorf("nobody is his own friend")
		}
		var remark string
		if err := e.value.name(&remark, false); err != nil {
			return err
		}
		w.befriend(list.owner, friend, remark)
		w.befriend(friend, list.owner, w.friends[friend][list.owner])
	}
	return nil
}

func (w *World) befriend(u, friend protocol.UserID, remark string) {
	if w.friends[u] == nil {
		w.friends[u] = make(map[protocol.UserID]string)
	}
	w.friends[u][friend] = remark
}

// reference reads the number of an account that must exist.
func (w *World) reference(p place) (protocol.UserID, error) {
	var u protocol.UserID
	if err := p.user(&u); err != nil {
		return 0, err
	}
	if _, ok := w.accounts[u]; !ok {
		return 0, p.errorf("there is no account %d", u)
	}
	return u, nil
}
