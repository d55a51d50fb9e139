"""A real NoneBot for echogate's framework tests.

It answers the commands listed in gateway/e2e/doc.go and writes what it received to a journal, one JSON object a line.

Environment: HOST and PORT to listen on, ACCESS_TOKEN that the gateway must present, JOURNAL file to append to.
The process ends when its standard input is closed, so it never outlives the test that started it.
"""

import asyncio
import json
import os
import signal
import sys
import threading

import nonebot
from nonebot.adapters.onebot.v11 import (
    ActionFailed,
    Adapter,
    Bot,
    Event,
    FriendRecallNoticeEvent,
    GroupMessageEvent,
    GroupRecallNoticeEvent,
    Message,
    MessageEvent,
    MessageSegment,
)
from nonebot.compat import type_validate_python
from nonebot.message import event_preprocessor

NAME = "nonebot"

nonebot.init(
    driver="~fastapi",
    host=os.environ.get("HOST", "127.0.0.1"),
    port=int(os.environ["PORT"]),
    onebot_access_token=os.environ.get("ACCESS_TOKEN") or None,
    log_level="DEBUG",
    api_timeout=20,
)
driver = nonebot.get_driver()
driver.register_adapter(Adapter)

journal_file = open(os.environ["JOURNAL"], "a", buffering=1, encoding="utf-8")
received: dict[int, dict] = {}


def journal(kind: str, **fields) -> dict:
    entry = {"kind": kind, **fields}
    journal_file.write(json.dumps(entry, ensure_ascii=False) + "\n")
    return entry


@driver.on_bot_connect
async def connected(bot: Bot):
    journal("connected", self_id=int(bot.self_id))


@driver.on_bot_disconnect
async def disconnected(bot: Bot):
    journal("disconnected", self_id=int(bot.self_id))


@event_preprocessor
async def record(event: Event):
    """Records every event with the model NoneBot chose for it: a base class there means that a field was wrong."""
    fields = {"model": type(event).__name__, "post_type": event.post_type}
    if not isinstance(event, MessageEvent):
        journal("event", **fields)
        return
    received[event.message_id] = journal(
        "message",
        **fields,
        message_id=event.message_id,
        group_id=getattr(event, "group_id", 0),
        user_id=event.user_id,
        text=event.original_message.extract_plain_text(),
    )


def plain(message) -> str:
    return type_validate_python(Message, message).extract_plain_text()


async def say(bot: Bot, event: Event, text: str, quote: bool = False) -> int:
    answer = await bot.send(event, MessageSegment.text(f"{NAME}: {text}"), reply_message=quote)
    journal("sent", message_id=answer["message_id"], text=f"{NAME}: {text}")
    return answer["message_id"]


async def on_ping(bot: Bot, event: MessageEvent, _: str):
    await say(bot, event, "pong", quote=True)


async def on_hello(bot: Bot, event: MessageEvent, _: str):
    await say(bot, event, f"hello, to_me {str(event.is_tome()).lower()}", quote=True)


async def on_quote(bot: Bot, event: MessageEvent, _: str):
    if event.reply is None:
        await say(bot, event, "you quoted nothing")
        return
    await say(bot, event, f"you quoted {event.reply.sender.user_id}: {event.reply.message.extract_plain_text()}", quote=True)


async def on_mirror(bot: Bot, event: MessageEvent, _: str):
    """Sends the whole message back, segment by segment, behind the bot's name."""
    answer = await bot.send(event, MessageSegment.text(f"{NAME}: ") + event.original_message)
    journal("sent", message_id=answer["message_id"], text=f"{NAME}: mirror")


async def on_get(bot: Bot, event: MessageEvent, argument: str):
    found = await bot.get_msg(message_id=int(argument))
    await say(bot, event, f"message {argument} is from {found['sender']['user_id']}: {plain(found['message'])}")


async def on_resolve(bot: Bot, event: MessageEvent, _: str):
    """Asks get_msg for every message this bot has ever received and counts those that are still the same."""
    gate = asyncio.Semaphore(8)

    async def same(entry: dict) -> bool:
        async with gate:
            found = await bot.get_msg(message_id=entry["message_id"])
        return (found["sender"]["user_id"], found.get("group_id") or 0, plain(found["message"])) == (
            entry["user_id"],
            entry["group_id"],
            entry["text"],
        )

    entries = list(received.values())
    results = await asyncio.gather(*(same(entry) for entry in entries), return_exceptions=True)
    wrong = [
        f"{entry['message_id']} ({result!r})" for entry, result in zip(entries, results, strict=True) if result is not True
    ]
    journal("unresolved", ids=wrong)
    await say(bot, event, f"resolved {len(entries) - len(wrong)} of {len(entries)}")


async def on_actions(bot: Bot, event: GroupMessageEvent, _: str):
    """Calls a set of actions and posts what they answered, in the shape that actions_test.go compares."""
    group, user = event.group_id, event.user_id
    login = await bot.get_login_info()
    groups = await bot.get_group_list()
    members = await bot.get_group_member_list(group_id=group)
    member = await bot.get_group_member_info(group_id=group, user_id=user)
    stranger = await bot.get_stranger_info(user_id=user)
    friends = await bot.get_friend_list()
    message = await bot.get_msg(message_id=event.message_id)
    history = await bot.call_api("get_group_msg_history", group_id=group)
    version = await bot.get_version_info()
    status = await bot.get_status()
    image = await bot.can_send_image()
    temporary = await say(bot, event, "temporary")
    await bot.delete_msg(message_id=temporary)
    try:
        await bot.call_api("no_such_action")
        unknown = 0
    except ActionFailed as error:
        unknown = error.info["retcode"]
    summary = {
        "login": [login["user_id"], login["nickname"]],
        "groups": sorted([g["group_id"], g["group_name"]] for g in groups),
        "members": sorted([m["user_id"], m["role"]] for m in members),
        "member": [member["user_id"], member["nickname"], member["card"], member["role"]],
        "stranger": [stranger["user_id"], stranger["nickname"]],
        "friends": sorted(f["user_id"] for f in friends),
        "message": [message["message_id"], message["sender"]["user_id"], plain(message["message"])],
        "history": [plain(m["message"]) for m in history["messages"] if m["sender"]["user_id"] == user][-3:],
        "version": [version["app_name"], version["protocol_version"]],
        "status": [status["online"], status["good"]],
        "image": image["yes"],
        "unknown": unknown,
    }
    await say(bot, event, "actions " + json.dumps(summary, ensure_ascii=False, separators=(",", ":")))


COMMANDS = {
    "ping": on_ping,
    "hello": on_hello,
    "quote": on_quote,
    "mirror": on_mirror,
    "get": on_get,
    "resolve": on_resolve,
    "actions": on_actions,
}


@nonebot.on_message().handle()
async def command(bot: Bot, event: MessageEvent):
    word, _, argument = event.get_plaintext().strip().partition(" ")
    if answer := COMMANDS.get(word):
        await answer(bot, event, argument.strip())


@nonebot.on_notice().handle()
async def group_recall(bot: Bot, event: GroupRecallNoticeEvent):
    if event.operator_id != event.self_id:
        await say(bot, event, f"saw recall of {event.message_id} by {event.operator_id}")


@nonebot.on_notice().handle()
async def friend_recall(bot: Bot, event: FriendRecallNoticeEvent):
    if event.user_id != event.self_id:
        await say(bot, event, f"saw recall of {event.message_id} by {event.user_id}")


def end_with_parent():
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


threading.Thread(target=end_with_parent, daemon=True).start()
nonebot.run()
