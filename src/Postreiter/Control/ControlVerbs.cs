namespace Postreiter.Control;

/// <summary>What can be asked of a store, by name.</summary>
internal static class ControlVerbs
{
    public const string DomainAdd = "domain.add";
    public const string DomainList = "domain.list";
    public const string DomainRemove = "domain.remove";
    public const string AccountAdd = "account.add";
    public const string AccountList = "account.list";
    public const string AccountRemove = "account.remove";
    public const string AccountPassword = "account.password";
    public const string AccountQuota = "account.quota";
    public const string AliasAdd = "alias.add";
    public const string AliasList = "alias.list";
    public const string AliasRemove = "alias.remove";
    public const string DkimList = "dkim.list";
    public const string DkimAdd = "dkim.add";
    public const string DkimActivate = "dkim.activate";
    public const string DkimRemove = "dkim.remove";
    public const string DmarcSums = "dmarc.sums";
    public const string QuarantineList = "quarantine.list";
    public const string QuarantineShow = "quarantine.show";
    public const string QuarantineRelease = "quarantine.release";
    public const string QuarantineDelete = "quarantine.delete";
    public const string RulesReload = "rules.reload";
    public const string GreylistList = "greylist.list";
    public const string GreylistAdd = "greylist.add";
    public const string GreylistRemove = "greylist.remove";
    public const string ListAdd = "list.add";
    public const string ListRemove = "list.remove";
    public const string ListShow = "list.show";
    public const string ListThreshold = "list.threshold";
    public const string TraceFind = "trace.find";
    public const string QueueList = "queue.list";
    public const string QueueShow = "queue.show";
    public const string QueueAct = "queue.act";
    public const string MailList = "mail.list";
    public const string MailAccount = "mail.account";
    public const string MailStored = "mail.stored";
    public const string MailFind = "mail.find";
    public const string MailKept = "mail.kept";
    public const string MailUndelete = "mail.undelete";
    public const string StoreCheck = "store.check";
    public const string StoreCompact = "store.compact";
    public const string StoreBackup = "store.backup";
    public const string StoreProgress = "store.progress";
    public const string SpamLearn = "spam.learn";
    public const string SpamLearned = "spam.learned";
    public const string SpamBackup = "spam.backup";
    public const string SpamRestore = "spam.restore";
    public const string SpamClear = "spam.clear";
    public const string SpamExpire = "spam.expire";
}
