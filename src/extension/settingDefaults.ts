/**
 * Every setting with its default: the one list that the typed accessor (configuration.ts) reads and that the manifest
 * must agree with. Names are those of package.json without the leading `inkling.`.
 */
import type { BackendChoice, CompletionRequest, Eagerness } from '../common/engineProtocol';

/** Languages whose files contain prose. */
const proseLanguages = ['plaintext', 'markdown', 'latex', 'restructuredtext', 'asciidoc', 'typst'];

/** A base model of the package by its language, the one that fits, or none. */
type BaseSetting = 'auto' | 'none' | 'de' | 'en' | 'es' | 'fr' | 'it';

export const settingDefaults = {
  'training.progress': 'notification' as 'notification' | 'statusBar',
  'training.seed': 42,
  'training.base': 'auto' as BaseSetting,
  'model.memory': 'on' as 'on' | 'off',
  'completion.enabled': true,
  'completion.languages': proseLanguages,
  'completion.exclude': [] as string[],
  'completion.extent': 'phrase' as CompletionRequest['extent'],
  'completion.eagerness': 'balanced' as Eagerness,
  'completion.debounce': 40,
  'completion.maximumLength': 60,
  'completion.never': [] as string[],
  'writing.base': 'auto' as BaseSetting,
  'writing.learn': 'document' as 'document' | 'folder' | 'remember' | 'off',
  'writing.files': '**/*.{md,txt}',
  'continueText.length': 400,
  'continueText.end': 'sentence' as 'sentence' | 'word',
  'continueText.onlyRealWords': true,
  'continueText.temperature': 0.6,
  'continueText.topK': 0,
  'continueText.topP': 1,
  'continueText.minP': 0,
  'continueText.repetitionPenalty': 1,
  'surpriseMap.unit': 'word' as 'word' | 'character',
  'classifier.badRows': 'skip' as 'skip' | 'refuse',
  'engine.threads': 0,
  'engine.backend': 'auto' as BackendChoice,
  'engine.half': false,
  'engine.nodePath': '',
  'engine.modulesPath': '',
  'engine.idleMinutes': 10,
};

export type SettingName = keyof typeof settingDefaults;
export type SettingValue<K extends SettingName> = (typeof settingDefaults)[K];
