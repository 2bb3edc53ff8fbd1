/** Every command that Inkling registers. The manifest and the table of commands must both agree with this list. */
export const commandIds = [
  'inkling.trainOnFile',
  'inkling.trainOnWorkspaceFiles',
  'inkling.trainOnSelection',
  'inkling.pauseTraining',
  'inkling.resumeTraining',
  'inkling.stopTraining',
  'inkling.continueText',
  'inkling.stopContinuing',
  'inkling.triggerCompletion',
  'inkling.toggleCompletions',
  'inkling.toggleSurpriseMap',
  'inkling.showTraining',
  'inkling.showSamples',
  'inkling.useModel',
  'inkling.renameModel',
  'inkling.resumeModel',
  'inkling.exportModel',
  'inkling.importModel',
  'inkling.revealModel',
  'inkling.deleteModel',
  'inkling.showLog',
  'inkling.restartEngine',
] as const;

export type CommandId = (typeof commandIds)[number];
