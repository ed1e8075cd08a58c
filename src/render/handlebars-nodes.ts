/** Kinds of nodes of a parsed template, told apart by their `type`. */

export function isPath(node: hbs.AST.Node): node is hbs.AST.PathExpression {
  return node.type === 'PathExpression';
}

export function isSubExpression(node: hbs.AST.Node): node is hbs.AST.SubExpression {
  return node.type === 'SubExpression';
}

export function isText(node: hbs.AST.Node | undefined): node is hbs.AST.StringLiteral {
  return node?.type === 'StringLiteral';
}

function isDecoratorBlock(node: hbs.AST.Node): node is hbs.AST.DecoratorBlock {
  return node.type === 'DecoratorBlock';
}

/** The `name=value` pairs of a call; the parser leaves the hash out when there are none. */
export function listPairs(hash: hbs.AST.Hash | undefined): readonly hbs.AST.HashPair[] {
  return hash?.pairs ?? [];
}

/** The inline partials (`{{#*inline "name"}}`) that a piece of a template defines, by name. */
export function listInlines(program: hbs.AST.Program): ReadonlyMap<string, hbs.AST.Program> {
  const inlines = new Map<string, hbs.AST.Program>();
  for (const node of program.body) {
    const name = isDecoratorBlock(node) ? node.params[0] : undefined;
    if (isDecoratorBlock(node) && isText(name)) inlines.set(name.value, node.program);
  }
  return inlines;
}
