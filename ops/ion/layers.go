package main

import (
	"errors"
	"reflect"
	"sync/atomic"
	"time"
	"unsafe"

	ionsfu "github.com/pion/ion-sfu/pkg/sfu"
)

// lookEvery is how long a picture stands still at most before its viewer is put back.
const lookEvery = 200 * time.Millisecond

// layers has the viewers of simulcast on their layers. When one of them changes its layer, Ion removes all of its old layer:
// it compares the ids of their tracks, which are the same for all. Their pictures would stand still for good.
type layers struct {
	rooms *rooms
	// Offsets of private fields: of a viewer's track its receiver; of a receiver whether it has layers, and each layer's viewers.
	receiver, simulcast, viewers uintptr
}

func layersOf(rooms *rooms) (*layers, error) {
	track := reflect.TypeOf((*ionsfu.DownTrack)(nil)).Elem()
	receiver := reflect.TypeOf((*ionsfu.WebRTCReceiver)(nil)).Elem()
	l := &layers{rooms: rooms}
	for _, each := range []struct {
		of     reflect.Type
		name   string
		is     reflect.Type
		offset *uintptr
	}{
		{track, "receiver", reflect.TypeOf((*ionsfu.Receiver)(nil)).Elem(), &l.receiver},
		{receiver, "isSimulcast", reflect.TypeOf(false), &l.simulcast},
		{receiver, "downTracks", reflect.TypeOf((*[3]atomic.Value)(nil)).Elem(), &l.viewers},
	} {
		field, found := each.of.FieldByName(each.name)
		if !found || field.Type != each.is {
			return nil, errors.New("this ion-sfu is not v1.10.10: it has no field " + each.name)
		}
		*each.offset = field.Offset
	}
	return l, nil
}

// keep puts viewers back until the process ends.
func (l *layers) keep() {
	for range time.Tick(lookEvery) {
		for _, session := range l.rooms.sfu.GetSessions() {
			for _, peer := range session.Peers() {
				if subscriber := peer.Subscriber(); subscriber != nil {
					for _, track := range subscriber.DownTracks() {
						l.restore(track)
					}
				}
			}
		}
	}
}

// restore puts a viewer's track back on its layer. A track that is not enabled yet may still be on its way there.
func (l *layers) restore(track *ionsfu.DownTrack) {
	held := *(*ionsfu.Receiver)(unsafe.Add(unsafe.Pointer(track), l.receiver))
	receiver, ok := held.(*ionsfu.WebRTCReceiver)
	if !ok || !track.Enabled() || !*(*bool)(unsafe.Add(unsafe.Pointer(receiver), l.simulcast)) {
		return
	}
	viewers := (*[3]atomic.Value)(unsafe.Add(unsafe.Pointer(receiver), l.viewers))
	if isOn(&viewers[track.CurrentSpatialLayer()], track) {
		return
	}
	receiver.Lock()
	defer receiver.Unlock()
	layer := &viewers[track.CurrentSpatialLayer()]
	if isOn(layer, track) {
		return
	}
	// It goes on with a key frame.
	track.Mute(true)
	track.Mute(false)
	others, _ := layer.Load().([]*ionsfu.DownTrack)
	layer.Store(append(append(make([]*ionsfu.DownTrack, 0, len(others)+1), others...), track))
	restoredViewers.Inc()
}

func isOn(layer *atomic.Value, track *ionsfu.DownTrack) bool {
	viewers, _ := layer.Load().([]*ionsfu.DownTrack)
	for _, each := range viewers {
		if each == track {
			return true
		}
	}
	return false
}
