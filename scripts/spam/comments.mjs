// The templates of comments under videos, posts and articles for templates.mjs, by label. English only: the other
// languages have few legitimate texts to learn from, and such templates in German made 39 of 1,500 paragraphs of novels
// look like spam.

export const spam = {
  en: [
    '[Hey guys|Hi everyone|Hello people|Yo], [I just started|I have] a [small|new] [channel|page] where I [sing|rap|dance|play games|make beats|do make-up]. [Please|It would mean a lot if you could] [have a look|give it a chance|subscribe] [and tell me what you think|thank you so much|:)|]',
    '[I know|Sorry,] [this is annoying|nobody likes advertising|you hate these comments], but [I am a young singer|we are a band of three friends|I am a student who makes music] and [just want to be heard|need your support]. [Please listen to|Could you watch] [one song|my cover|our first single] [on my channel|on our page]?',
    '[Sub|Subscribe|Follow|Like] [me|my channel|my page] and I [will do the same|sub back|return the favour] [right away|100 %|instantly|]',
    '[Sub for sub|Like for like|Follow for follow]? [Reply done|Comment when done|I never unsubscribe]',
    '[Watch|Check] [my|this] [new|latest|funny] [video|clip|remix|cover], [you will not regret it|it is better than this one|you will laugh]: {link}',
    '[Who wants|Want] a [free|brand new] [phone|gift card|game console|laptop]? [I got mine from|Just go to|Sign up at] {link} [before they run out|it takes one minute|no credit card]',
    '[I make|My sister makes|I earned] {sum} [a week|an hour|last month] [from home|online|on the computer] [just by doing surveys|working a few hours]. [See how|Here is the site]: {link}',
    '[Help me|Please help us] [get to|reach] {#3} [subscribers|likes|followers] [by {day}|this week|before my birthday]! [It is free|It only takes a second|God bless you all]',
    '[Thumbs up|Like this comment] [so that|if you want] [more people see it|others can find my channel|him to see this], [then check my profile|and visit my page][!!|]',
    '[Please vote|Vote] for [me|my sister|our band] in the [talent|photo|dance] contest: {link} [you do not need an account|every vote counts|thanks]',
    '[Add|Follow] me on [Instagram|Snapchat|Twitter|Facebook] [@{shop}{#2}|{shop}.{shop}] [for daily giveaways|I follow back everyone|and win a shirt]',
    '[Unlimited|Free] [coins|gems|lives|skins] for [every|your favourite] game, [hack|generator|cheat] [works in 2023|no download|not fake]: {link}',
    '[Buy|Get] [real views|10 000 followers|cheap likes] [fast|from {sum}], [check|visit|more at] {link}',
    '[Cool|Nice] [shirts|hoodies|caps] with [this song|the singer|your own text] at {link}, [use code|enter] {shop}{#2} for [10 %|half price|free shipping]',
    '[Copy and paste this|Send this] to [ten|five|all your] [friends|videos|people] [in the next hour|tonight] or [you will have bad luck|something terrible will happen|nobody will ever love you]. [It is real|This is no joke]',
    '[Bored|Lonely]? [Click|Visit] my [picture|profile|name] [to see more of me|I am online now|I do live shows] [xxx|<3|kisses]',
    '[Download|Stream] this [song|album|movie] [for free|in full quality] [here|at]: {link}',
    '[If you like this|If you love this kind of music] [you will love|then listen to] my [remix|mixtape|version], it is [on my channel|linked in my profile], [peace|one love|much respect|]',
    '[Came here|I lost] [30 kilos|20 pounds|all my belly fat] [in a month|without sport] thanks to {link} [try it|no pills|ask me how]',
    '[Thanks to|God bless] [Doctor|Prophet|Mr] {name} for [bringing my husband back|curing me|winning the lottery numbers], [contact|write to] him at {mail}',
  ],
};

export const ham = {
  en: [
    '[Love|Adore|Cannot stop playing] this [song|track|video][ so much|, best one ever|!!!| <3]',
    '[Who|Anyone] [is watching|listening|else here] in [2014|2019|2024]?',
    'I [love|hate] the part at [1:{#2}|2:{#2}|0:{#2}] [lol|haha|it gives me goosebumps|when she smiles|]',
    '[How|Wow, how] does this have [so many|only {#3}|two billion] views? [It deserves more|I do not get it|People have no taste|]',
    '[My|Our] [daughter|little brother|dog|grandma] [dances|sings along|laughs] every time [I play this|this comes on][ :D|]',
    '[This|That] [brings back|reminds me of] [so many memories|the summer of 2010|school|my first love]',
    '[The old|Her first] [songs|albums] were [better|so good], [now it is all the same|I miss those days|just my opinion]',
    '[Stop fighting|Why are people arguing] in the comments, [just enjoy the music|it is only a song|grow up]',
    '[Is it me|Am I the only one] or does [he|she|the drummer] look like [a young|my] [uncle|teacher|James Dean]?',
    '[First|Finally|Still] [!|here after ten years|the best thing on this site|number one]',
    '[What|Does anyone know what] is the name of the [dancer|girl in the red dress|song at the end|car]?',
    '[She|He] is [so beautiful|a real artist|overrated|my idol], [respect|no doubt|sorry|love from {shop}]',
    'the [beat|chorus|bass|video] is [stuck in my head|so catchy|terrible|amazing][ omg|...| xD|]',
    '[I disagree|Good point|Exactly], the [article|author|review] [forgets|explains] [why this happened|the other side|what it costs]',
  ],
};
