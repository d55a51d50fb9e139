// A real Koishi for echogate's framework tests.
//
// It answers the commands listed in gateway/e2e/doc.go and writes what it received to a journal, one JSON object a line.
//
// Environment: HOST and PORT to listen on, SELF_ID of the account, JOURNAL file to append to.
// The process ends when its standard input is closed, so it never outlives the test that started it.
'use strict'

const fs = require('node:fs')
const { Context, Logger, Universal, h } = require('koishi')

const NAME = 'koishi'
const received = new Map()

Logger.levels.base = Logger.DEBUG

const ctx = new Context({})
ctx.plugin(require('@koishijs/plugin-http').default)
ctx.plugin(require('@koishijs/plugin-server').default, { host: process.env.HOST ?? '127.0.0.1', port: +process.env.PORT })
ctx.plugin(require('koishi-plugin-adapter-onebot').default, {
  selfId: process.env.SELF_ID,
  protocol: 'ws-reverse',
  path: '/onebot',
  responseTimeout: 20000,
})

function journal(kind, fields) {
  const entry = { kind, ...fields }
  fs.appendFileSync(process.env.JOURNAL, JSON.stringify(entry) + '\n')
  return entry
}

// plain is the text of a message without mentions, quotes and faces.
function plain(elements) {
  return h.select(elements, 'text').map((element) => element.attrs.content).join('')
}

async function say(session, text, quote) {
  const message = [h.text(`${NAME}: ${text}`)]
  if (quote) message.unshift(h.quote(session.messageId))
  const [id] = await session.send(message)
  journal('sent', { message_id: +id, text: `${NAME}: ${text}` })
  return id
}

// resolve asks get_msg for every message this bot has ever received and counts those that are still the same.
async function resolve(session) {
  const entries = [...received.values()]
  const wrong = []
  const waiting = entries.slice()
  const worker = async () => {
    for (let entry; (entry = waiting.pop());) {
      try {
        const found = await session.bot.getMessage(session.channelId, String(entry.message_id))
        const same = +found.user.id === entry.user_id
          && +(found.guild?.id ?? 0) === entry.group_id
          && plain(found.elements) === entry.text
        if (!same) wrong.push(`${entry.message_id} (${JSON.stringify(found)})`)
      } catch (error) {
        wrong.push(`${entry.message_id} (${error.message})`)
      }
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))
  journal('unresolved', { ids: wrong })
  await say(session, `resolved ${entries.length - wrong.length} of ${entries.length}`)
}

// actions calls a set of actions and posts what they answered, in the shape that actions_test.go compares.
async function actions(session) {
  const { bot, guildId, userId, channelId, messageId } = session
  const number = (a, b) => a[0] - b[0]
  const login = await bot.getLogin()
  const groups = await bot.getGuildList()
  const members = await bot.getGuildMemberList(guildId)
  const member = await bot.getGuildMember(guildId, userId)
  const stranger = await bot.getUser(userId)
  const friends = await bot.getFriendList()
  const message = await bot.getMessage(channelId, messageId)
  const history = await bot.getMessageList(channelId)
  const version = await bot.internal.getVersionInfo()
  const status = await bot.internal.getStatus()
  const image = await bot.internal.canSendImage()
  const temporary = await say(session, 'temporary')
  await bot.deleteMessage(channelId, temporary)
  const unknown = await bot.internal._get('no_such_action', {}).then(() => 0, (error) => error.code)
  const summary = {
    login: [+login.user.id, login.user.name],
    groups: groups.data.map((g) => [+g.id, g.name]).sort(number),
    members: members.data.map((m) => [+m.user.id, m.roles[0].id]).sort(number),
    member: [+member.user.id, member.user.name, member.nick, member.roles[0].id],
    stranger: [+stranger.id, stranger.name],
    friends: friends.data.map((f) => +f.id).sort((a, b) => a - b),
    message: [+message.id, +message.user.id, plain(message.elements)],
    history: history.data.filter((m) => m.user.id === userId).map((m) => plain(m.elements)).slice(-3),
    version: [version.app_name, version.protocol_version],
    status: [status.online, status.good],
    image,
    unknown,
  }
  await say(session, 'actions ' + JSON.stringify(summary))
}

const commands = {
  ping: (session) => say(session, 'pong', true),
  hello: (session) => say(session, `hello, to_me ${session.isDirect || !!session.stripped.atSelf}`, true),
  quote: (session) => session.quote
    ? say(session, `you quoted ${session.quote.user.id}: ${plain(session.quote.elements)}`, true)
    : say(session, 'you quoted nothing'),
  // mirror sends the whole message back, element by element, behind the bot's name.
  mirror: async (session) => {
    const [id] = await session.send([h.text(`${NAME}: `), ...session.elements])
    journal('sent', { message_id: +id, text: `${NAME}: mirror` })
  },
  get: async (session, argument) => {
    const found = await session.bot.getMessage(session.channelId, argument)
    await say(session, `message ${argument} is from ${found.user.id}: ${plain(found.elements)}`)
  },
  resolve,
  actions,
}

ctx.on('login-updated', (session) => {
  const { status } = session.bot
  if (status === Universal.Status.ONLINE) journal('connected', { self_id: +session.bot.selfId })
  if (status === Universal.Status.OFFLINE) journal('disconnected', { self_id: +session.bot.selfId })
})

ctx.middleware(async (session) => {
  const text = plain(session.elements)
  received.set(session.messageId, journal('message', {
    message_id: +session.messageId,
    group_id: +(session.guildId ?? 0),
    user_id: +session.userId,
    text,
  }))
  const [word] = text.trim().split(' ', 1)
  if (Object.hasOwn(commands, word)) await commands[word](session, text.trim().slice(word.length).trim())
})

ctx.on('message-deleted', async (session) => {
  journal('event', { model: session.type })
  const operator = session.operatorId ?? session.userId
  if (operator !== session.selfId) await say(session, `saw recall of ${session.messageId} by ${operator}`)
})

process.stdin.on('end', () => process.exit(0)).resume()
ctx.start()
